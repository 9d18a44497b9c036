// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <system_error>
#include <vector>

#include <fmt/format.h>

#include <svfmath/core/error.hpp>
#include <svfmath/core/in_quotes.hpp>
#include <svfmath/factor/cache_entries.hpp>
#include <svfmath/factor/content_digest.hpp>
#include <svfmath/factor/factor_file.hpp>
#include <svfmath/factor/mapped_factors.hpp>
#include <svfmath/factor/prune.hpp>

#include "cache_options.hpp"
#include "commands.hpp"
#include "output.hpp"
#include "progress.hpp"
#include "quantities.hpp"
#include "weights_file.hpp"

namespace cli {

namespace {

struct folder_options : common_options {
  std::string folder;
};

struct verify_options : folder_options {
  std::string weights;
};

struct prune_options : folder_options {
  std::string max_size;
  std::string max_age;
};

std::string absolute(std::string const& folder) {
  return std::filesystem::absolute(folder).lexically_normal().string();
}

std::chrono::seconds age_of(svf::cache_entry const& entry) {
  return std::chrono::duration_cast<std::chrono::seconds>(std::chrono::system_clock::now() -
                                                          entry.last_used);
}

// The entry, opened, or why it cannot be.
struct opened_entry {
  std::optional<svf::mapped_factors> factors;
  std::string problem;
};

opened_entry open_entry(svf::cache_entry const& entry) {
  if (!entry.key) {
    return {std::nullopt, "of an earlier format, which is not read any more"};
  }
  try {
    return {svf::open_factors(entry.path, *entry.key), ""};
  } catch (svf::error const& problem) {
    return {std::nullopt, problem.what()};
  }
}

json describe(svf::cache_entry const& entry, opened_entry const& opened) {
  json result = {{"file", entry.path.filename().string()},
                 {"bytes", entry.bytes},
                 {"seconds_since_use", age_of(entry).count()}};
  if (entry.key) {
    result["fingerprint"] = entry.key->content.hex();
    result["method"] = std::string(to_string(entry.key->method));
    result["precision"] = std::string(to_string(entry.key->precision));
  }
  if (auto const& f = opened.factors) {
    result["rows"] = f->rows();
    result["cols"] = f->cols();
    result["content_blake2b"] = f->digest().hex();
    result["reconstruction"] = f->accuracy().reconstruction;
    result["orthogonality"] = f->accuracy().orthogonality;
    result["unrounded_reconstruction"] = f->unrounded().reconstruction;
    result["unrounded_orthogonality"] = f->unrounded().orthogonality;
  } else {
    result["problem"] = opened.problem;
  }
  return result;
}

void list_entries(folder_options const& options) {
  auto const entries = svf::cache_entries(options.folder);
  std::uint64_t bytes = 0;
  json described = json::array();
  if (!options.as_json && !entries.empty()) {
    fmt::print("{:<32}  {:<18}  {:<9}  {:>13}  {:>10}  {:>8}  {:>14}  {:>13}\n", "fingerprint",
               "method", "precision", "shape", "size", "used", "reconstruction", "orthogonality");
  }
  for (svf::cache_entry const& entry : entries) {
    bytes += entry.bytes;
    auto const opened = open_entry(entry);
    if (options.as_json) {
      described.push_back(describe(entry, opened));
    } else if (auto const& f = opened.factors) {
      fmt::print("{:<32}  {:<18}  {:<9}  {:>13}  {:>10}  {:>8}  {:>14.3e}  {:>13.3e}\n",
                 f->key().content.hex(), to_string(f->key().method), to_string(f->key().precision),
                 fmt::format("{} x {}", f->rows(), f->cols()), size_text(entry.bytes),
                 age_text(age_of(entry)), f->accuracy().reconstruction,
                 f->accuracy().orthogonality);
    } else {
      fmt::print("{}  {}\n", entry.path.filename().string(), svf::in_quotes(opened.problem));
    }
  }
  if (options.as_json) {
    print_json({{"cache", absolute(options.folder)},
                {"entries", entries.size()},
                {"bytes", bytes},
                {"entry_list", described}});
  } else {
    fmt::print("{}: {} entries, {}\n", absolute(options.folder), entries.size(),
               size_text(bytes));
  }
}

// The digests of a model's matrices by their fingerprints, of those that `wanted` names.
std::map<svf::fingerprint, svf::content_digest> digests_of(
    llama::cpu_policy& exec, std::string const& model,
    std::map<svf::fingerprint, bool> const& wanted) {
  weights_file file(model);
  auto const names = file.matrices();
  auto const sites = file.sites(exec, names);
  std::vector<svf::site> chosen;
  for (svf::site const& site : sites.layout->sites()) {
    if (wanted.contains(site.base)) {
      chosen.push_back(site);
    }
  }
  std::vector<svf::content_digest> digests(chosen.size());
  for_each_index(exec, svf::index_t(chosen.size()), [&](svf::index_t i) {
    auto const s = std::size_t(i);
    digests[s] = svf::content_digest_of(file.values().matrix(chosen[s].name));
  });
  std::map<svf::fingerprint, svf::content_digest> result;
  for (std::size_t s = 0; s < chosen.size(); ++s) {
    result.emplace(chosen[s].base, digests[s]);
  }
  return result;
}

void verify_entries(verify_options const& options) {
  llama::cpu_policy exec(options.threads);
  stopwatch const watch;
  auto const entries = svf::cache_entries(options.folder);
  std::vector<std::string> problems(entries.size());
  std::vector<svf::content_digest> digests(entries.size());
  {
    progress_bar bar("entries", entries.size());
    for_each_index(exec, svf::index_t(entries.size()), [&](svf::index_t i) {
      auto const e = std::size_t(i);
      auto const opened = open_entry(entries[e]);
      problems[e] = opened.problem;
      if (opened.factors) {
        digests[e] = opened.factors->digest();
        try {
          opened.factors->verify();
        } catch (svf::error const& problem) {
          problems[e] = problem.what();
        }
      }
      bar.advance();
    });
  }
  std::size_t of_weights = 0;
  if (!options.weights.empty()) {
    std::map<svf::fingerprint, bool> wanted;
    for (svf::cache_entry const& entry : entries) {
      if (entry.key) {
        wanted[entry.key->content] = true;
      }
    }
    auto const expected = digests_of(exec, options.weights, wanted);
    for (std::size_t e = 0; e < entries.size(); ++e) {
      auto const found = entries[e].key ? expected.find(entries[e].key->content) : expected.end();
      if (found == expected.end()) {
        continue;
      }
      ++of_weights;
      if (problems[e].empty() && found->second != digests[e]) {
        problems[e] = fmt::format(
            "{}: expected factors of a matrix with BLAKE2b-256 {}, which {} has, got {}",
            entries[e].path.string(), found->second.hex(), options.weights, digests[e].hex());
      }
    }
  }
  auto const bad = std::size_t(
      std::count_if(problems.begin(), problems.end(), [](auto const& p) { return !p.empty(); }));
  std::uint64_t bytes = 0;
  for (svf::cache_entry const& entry : entries) {
    bytes += entry.bytes;
  }
  if (options.as_json) {
    json damaged = json::array();
    for (std::size_t e = 0; e < entries.size(); ++e) {
      if (!problems[e].empty()) {
        damaged.push_back(
            {{"file", entries[e].path.filename().string()}, {"problem", problems[e]}});
      }
    }
    json result = {{"cache", absolute(options.folder)}, {"entries", entries.size()},
                   {"bytes", bytes},                    {"whole", entries.size() - bad},
                   {"damaged", damaged},                {"seconds", watch.seconds()}};
    if (!options.weights.empty()) {
      result["of_weights"] = of_weights;
    }
    print_json(result);
  } else {
    for (std::string const& problem : problems) {
      if (!problem.empty()) {
        fmt::print("{}\n", problem);
      }
    }
    fmt::print("{}: {} of {} entries are whole, {} in {:.2f} s\n", absolute(options.folder),
               entries.size() - bad, entries.size(), size_text(bytes), watch.seconds());
    if (!options.weights.empty()) {
      fmt::print("{} of them belong to matrices of {}\n", of_weights, options.weights);
    }
  }
  std::fflush(stdout);
  svf::expects(bad == 0, svf::error_kind::format, "cache verify: ", bad, " of ", entries.size(),
               " entries cannot be used; `svfmath factor` makes them again");
}

void prune_entries(prune_options const& options) {
  svf::prune_limits limits;
  if (!options.max_size.empty()) {
    limits.bytes = parse_size("--max-size", options.max_size);
  }
  if (!options.max_age.empty()) {
    limits.age = parse_age("--max-age", options.max_age);
  }
  auto const result = svf::prune_cache(options.folder, limits);
  if (options.as_json) {
    print_json({{"cache", absolute(options.folder)},
                {"removed", result.removed},
                {"removed_bytes", result.removed_bytes},
                {"kept", result.kept},
                {"kept_bytes", result.kept_bytes},
                {"abandoned", result.abandoned}});
  } else {
    fmt::print("{}: removed {} entries, {}; kept {}, {}\n", absolute(options.folder),
               result.removed, size_text(result.removed_bytes), result.kept,
               size_text(result.kept_bytes));
  }
}

void print_path(folder_options const& options) {
  std::error_code unknown;
  if (options.as_json) {
    print_json({{"cache", absolute(options.folder)},
                {"exists", std::filesystem::is_directory(options.folder, unknown)}});
  } else {
    fmt::print("{}\n", absolute(options.folder));
  }
}

}  // namespace

void add_cache_command(CLI::App& tool) {
  auto& cache = *tool.add_subcommand("cache", "Look after the folder that keeps factors");
  cache.require_subcommand(1);
  cache.footer("The folder is that of --cache, or of the environment variable SVFMATH_CACHE.");

  auto const listed = std::make_shared<folder_options>();
  auto& list_command = *cache.add_subcommand("list", "Say what is kept, last used first");
  add_cache_folder(list_command, listed->folder)->required();
  add_common(list_command, *listed,
             "Reads headers alone. Errors are those of the factors as they are kept: what\n"
             "rounding to 16 bits costs is in them.",
             "  svfmath cache list --cache factors");
  list_command.callback([listed] { list_entries(*listed); });

  auto const verified = std::make_shared<verify_options>();
  auto& verify_command = *cache.add_subcommand("verify", "Check every byte of every entry");
  add_cache_folder(verify_command, verified->folder)->required();
  verify_command
      .add_option("--weights", verified->weights,
                  "Model whose matrices' BLAKE2b digests the entries must name")
      ->type_name("MODEL")
      ->check(not_empty());
  add_common(verify_command, *verified,
             "Ends with status 2 if an entry is damaged. Other commands find that out themselves\n"
             "and compute such an entry again.",
             "  svfmath cache verify --cache factors --weights model.gguf");
  verify_command.callback([verified] { verify_entries(*verified); });

  auto const pruned = std::make_shared<prune_options>();
  auto& prune_command = *cache.add_subcommand("prune", "Remove what was not used for long");
  add_cache_folder(prune_command, pruned->folder)->required();
  prune_command
      .add_option("--max-size", pruned->max_size, "Keep at most this much: 2GiB, 500MB")
      ->type_name("SIZE")
      ->check(not_empty());
  prune_command
      .add_option("--max-age", pruned->max_age, "Keep what was used within this time: 30d, 12h")
      ->type_name("AGE")
      ->check(not_empty());
  add_common(prune_command, *pruned,
             "Entries used longest ago go first. Entries of an earlier format and what killed\n"
             "runs left go in any case.",
             "  svfmath cache prune --cache factors --max-size 2GiB --max-age 30d");
  prune_command.callback([pruned] { prune_entries(*pruned); });

  auto const asked = std::make_shared<folder_options>();
  auto& path_command = *cache.add_subcommand("path", "Print the folder");
  add_cache_folder(path_command, asked->folder)->required();
  add_common(path_command, *asked, "The absolute path of what the other commands use.",
             "  svfmath cache path --cache factors");
  path_command.callback([asked] { print_path(*asked); });
}

}  // namespace cli
