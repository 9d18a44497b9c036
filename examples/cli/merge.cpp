// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <filesystem>
#include <memory>
#include <set>
#include <string>

#include <fmt/format.h>

#include <svfmath/apply/materialize.hpp>
#include <svfmath/core/in_quotes.hpp>
#include <svfmath/cpu.hpp>
#include <svfmath/io/mapped_file.hpp>

#include <transformer/hf.hpp>

#include "commands.hpp"
#include "experts.hpp"
#include "output.hpp"
#include "output_files.hpp"
#include "weights_file.hpp"

namespace cli {

namespace {

struct merge_options : common_options, expert_options {
  std::string model;
  std::string expert;
  std::string out;
};

bool names_a_folder(std::filesystem::path const& path) {
  return !path.has_filename() || std::filesystem::is_directory(path);
}

// Early, so that no work is lost and no file that is read is replaced.
void check_files(merge_options const& options) {
  command_files files;
  files.reads_model(options.model);
  files.reads("--expert", options.expert);
  if (!names_a_folder(options.out)) {
    files.writes("--out", options.out);
    return;
  }
  std::vector<std::string> names{"model.safetensors"};
  names.insert(names.end(), llama::side_file_names.begin(), llama::side_file_names.end());
  files.writes_folder("--out", options.out, names);
}

// The merged model as a folder of its own: a GGUF file's in Hugging Face's layout, another with its
// own configuration and vocabulary.
void write_folder(merge_options const& options, weights_file const& file,
                  svf::safetensors_writer const& weights, svf::layout const& layout,
                  std::vector<svf::matrix<float>> const& merged) {
  std::filesystem::path const folder = options.out;
  if (file.what() == weights_file::kind::gguf) {
    llama::checkpoint model = file.values();
    for (std::size_t s = 0; s < merged.size(); ++s) {
      model.tensors.at(layout[svf::index_t(s)].name).values = merged[s];
    }
    llama::save_hf(model, folder);
    return;
  }
  auto const origin = file.files().front().path().parent_path();
  std::vector<llama::side_file> others;
  for (char const* const name : llama::side_file_names) {
    if (std::filesystem::exists(origin / name)) {
      svf::mapped_file const source(origin / name);
      others.push_back(
          {name, {reinterpret_cast<char const*>(source.bytes().data()), source.size()}});
    }
  }
  llama::write_model_folder(folder, weights, others);
}

void run(merge_options const& options) {
  check_files(options);
  stopwatch const watch;
  llama::cpu_policy exec(options.threads);
  weights_file file(options.model);
  bool const as_folder = names_a_folder(options.out);
  svf::expects(!as_folder || file.what() != weights_file::kind::tensors, svf::error_kind::format,
               "merge: --out: expected a file, since '", options.model,
               "' is no Llama model, got the folder '", options.out, "'");

  auto const wanted = expert_sites(options.expert);
  std::vector<std::string> names = file.matrices();
  for (std::string const& name : wanted) {
    svf::expects(std::find(names.begin(), names.end(), name) != names.end(),
                 svf::error_kind::shape, options.expert, ": the expert names the matrix '", name,
                 "', which ", options.model, " does not have");
  }
  std::erase_if(names, [&](std::string const& name) { return !wanted.contains(name); });
  auto const sites = file.sites(exec, names);
  auto const loaded = read_expert(options.expert, sites, options.unverified_base);
  auto const z = extend(loaded.value, sites.layout, loaded.value.name());
  policies<llama::cpu_engine> const on{exec, exec};
  auto const factored = factor_with_progress(on, file.values(), sites, options.cache);

  std::vector<svf::matrix<float>> merged(factored.factors.size());
  for_each_index(exec, svf::index_t(merged.size()), [&](svf::index_t s) {
    svf::cpu::seq local;
    auto const& factors = factored.factors[std::size_t(s)];
    merged[std::size_t(s)] =
        svf::materialize(local, factors, z.site(s), loaded.metadata.normalisation);
  });
  svf::safetensors_writer writer;
  file.add_untouched(writer, wanted);
  for (std::size_t s = 0; s < merged.size(); ++s) {
    writer.add_matrix((*sites.layout)[svf::index_t(s)].name, merged[s]);
  }
  if (as_folder) {
    write_folder(options, file, writer, *sites.layout, merged);
  } else {
    writer.write(options.out);
  }

  if (options.as_json) {
    print_json({{"model", options.model},
                {"expert", options.expert},
                {"out", options.out},
                {"replaced", merged.size()},
                {"from_cache", factored.from_cache},
                {"normalisation", std::string(to_string(loaded.metadata.normalisation))},
                {"seconds", watch.seconds()}});
  } else {
    fmt::print("{}: replaced {} matrices by U diag(s z) Vt of expert {} in {:.1f} s\n",
               options.model, merged.size(), svf::in_quotes(loaded.value.name()),
               watch.seconds());
    fmt::print("wrote {}\n", options.out);
  }
}

}  // namespace

void add_merge(CLI::App& tool) {
  auto const options = std::make_shared<merge_options>();
  auto& command = *tool.add_subcommand(
      "merge", "Write a model with an expert built into its weights");
  command.add_option("model", options->model, "GGUF file, Hugging Face folder or safetensors file")
      ->required()
      ->type_name("MODEL");
  command.add_option("--expert", options->expert, "Expert file: a tensor NAME.z (r) per matrix")
      ->required()
      ->check(not_empty())
      ->type_name("FILE");
  command
      .add_option("--out", options->out,
                  "The safetensors file to write; of a Llama model also a folder (ending in '/'), "
                  "which is then a model of its own")
      ->required()
      ->check(not_empty())
      ->type_name("FILE");
  add_expert_options(command, *options);
  add_common(
      command, *options,
      "Every matrix NAME for which the expert file has NAME.z becomes U diag(s z) Vt in\n"
      "float32. All other tensors stay as they are, byte for byte; those of a GGUF file, which\n"
      "may be quantised, are written in float32 under the file's own tensor names.",
      "  svfmath merge model.gguf --expert math.safetensors --out math-model/ "
      "--cache factors\n"
      "  svfmath merge weights.safetensors --expert skill.safetensors "
      "--out new.safetensors");
  command.callback([options] { run(*options); });
}

}  // namespace cli
