// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cstdio>
#include <memory>
#include <string>

#include <fmt/format.h>

#include <svfmath/core/in_quotes.hpp>

#include "commands.hpp"
#include "experts.hpp"
#include "output.hpp"
#include "output_files.hpp"
#include "weights_file.hpp"

namespace cli {

namespace {

struct factor_options : common_options {
  std::string model;
  cache_options cache;
  std::string out;
};

void write_factors(factor_options const& options, svf::layout const& layout,
                   llama::factored_sites const& factored) {
  svf::safetensors_writer writer;
  for (std::size_t s = 0; s < factored.factors.size(); ++s) {
    std::string const& name = layout[svf::index_t(s)].name;
    auto const& f = factored.factors[s];
    writer.add_matrix(name + ".u", f.u);
    writer.add_vector(name + ".s", f.s);
    writer.add_matrix(name + ".vt", f.vt);
  }
  writer.set_metadata("format_version", "1");
  writer.set_metadata("base_fingerprint", layout.base_fingerprint().hex());
  writer.set_metadata("method", std::string(to_string(svf::svd_method::gram)));
  writer.write(options.out);
}

// Without --out the cache was what the work was for. Why it took nothing has been said already.
void expect_kept(factor_options const& options, std::size_t lost, std::size_t count) {
  std::fflush(stdout);
  svf::expects(lost == 0 || !options.out.empty(), svf::error_kind::backend, "factor: ", lost,
               " of ", count, " matrices could not be kept in the cache ",
               svf::in_quotes(options.cache.folder));
}

void run(factor_options const& options) {
  svf::expects(!options.cache.empty() || !options.out.empty(), svf::error_kind::format,
               "factor: expected --cache DIR or --out FILE to keep the factors in, got neither");
  command_files files;
  files.reads_model(options.model);
  if (!options.out.empty()) {
    files.writes("--out", options.out);
  }
  stopwatch const watch;
  llama::cpu_policy exec(options.threads);
  weights_file file(options.model);
  auto const sites = file.sites(exec, file.factorable());
  if (options.out.empty()) {  // then nothing can be done without
    svf::factor_cache const expected(options.cache.folder);
  }
  policies<llama::cpu_engine> const on{exec, exec};
  stopwatch const factor_watch;
  auto const factored = factor_with_progress(on, file.values(), sites, options.cache);
  double const factor_seconds = factor_watch.seconds();
  if (!options.out.empty()) {
    write_factors(options, *sites.layout, factored);
  }

  svf::factor_accuracy worst;
  svf::factor_accuracy unrounded;
  std::string worst_reconstruction;
  std::string worst_orthogonality;
  for (std::size_t s = 0; s < factored.accuracy.size(); ++s) {
    auto const& accuracy = factored.accuracy[s];
    auto const& before = factored.unrounded[s];
    unrounded.reconstruction = std::max(unrounded.reconstruction, before.reconstruction);
    unrounded.orthogonality = std::max(unrounded.orthogonality, before.orthogonality);
    std::string const& name = (*sites.layout)[svf::index_t(s)].name;
    if (accuracy.reconstruction >= worst.reconstruction) {
      worst.reconstruction = accuracy.reconstruction;
      worst_reconstruction = name;
    }
    if (accuracy.orthogonality >= worst.orthogonality) {
      worst.orthogonality = accuracy.orthogonality;
      worst_orthogonality = name;
    }
  }
  std::size_t const count = factored.factors.size();
  std::size_t const computed = count - factored.from_cache;
  double const seconds = watch.seconds();
  double const rate = double(computed) / std::max(factor_seconds, 1e-9);
  if (options.as_json) {
    print_json({{"model", options.model},
                {"format", file.format()},
                {"matrices", count},
                {"components", sites.layout->size()},
                {"from_cache", factored.from_cache},
                {"kept", factored.kept},
                {"precision", options.cache.empty() ? "fp32" : options.cache.precision},
                {"matrices_per_second", rate},
                {"worst_reconstruction", worst.reconstruction},
                {"worst_reconstruction_tensor", worst_reconstruction},
                {"worst_orthogonality", worst.orthogonality},
                {"worst_orthogonality_tensor", worst_orthogonality},
                {"unrounded_reconstruction", unrounded.reconstruction},
                {"unrounded_orthogonality", unrounded.orthogonality},
                {"base_fingerprint", sites.layout->base_fingerprint().hex()},
                {"cache", options.cache.folder},
                {"out", options.out},
                {"seconds", seconds},
                {"factor_seconds", factor_seconds}});
    expect_kept(options, count - factored.kept, count);
    return;
  }
  if (factored.from_cache == count) {
    fmt::print("{}: took the factors of all {} matrices from the cache '{}' in {:.2f} s\n",
               options.model, count, options.cache.folder, seconds);
  } else {
    fmt::print("{}: factored {} matrices in {:.1f} s, {:.1f}/s", options.model, computed, seconds,
               rate);
    fmt::print("{}\n", factored.from_cache == 0
                           ? ""
                           : fmt::format(", took {} from the cache", factored.from_cache));
  }
  fmt::print("worst reconstruction error  {:.3e}  {}\n", worst.reconstruction,
             svf::in_quotes(worst_reconstruction));
  fmt::print("worst orthogonality error   {:.3e}  {}\n", worst.orthogonality,
             svf::in_quotes(worst_orthogonality));
  if (options.cache.precision != "fp32" && !options.cache.empty()) {
    fmt::print("before rounding to {}     {:.3e} and {:.3e}\n", options.cache.precision,
               unrounded.reconstruction, unrounded.orthogonality);
  }
  fmt::print("components D = {}\n", sites.layout->size());
  if (!options.out.empty()) {
    fmt::print("wrote {}\n", options.out);
  }
  expect_kept(options, count - factored.kept, count);
}

}  // namespace

void add_factor(CLI::App& tool) {
  auto const options = std::make_shared<factor_options>();
  auto& command = *tool.add_subcommand(
      "factor", "Decompose a model's weight matrices, W = U diag(s) Vt");
  command.add_option("model", options->model, "GGUF file, Hugging Face folder or safetensors file")
      ->required()
      ->type_name("MODEL");
  add_cache(command, options->cache, "--precision,--cache-precision");
  command
      .add_option("--out", options->out,
                  "Also write all factors as one safetensors file: NAME.u (m x r), NAME.s (r), "
                  "NAME.vt (r x n) for each tensor NAME")
      ->type_name("FILE")
      ->check(not_empty());
  add_common(
      command, *options,
      "Of a Llama model the linear maps of all layers are factored, of any other safetensors\n"
      "file every two-dimensional tensor of F32, F16, BF16 or F64. Factors are computed in\n"
      "double precision and kept in float32, or in the cache in 16 bits with --precision, which\n"
      "takes half the room and costs the accuracy that is then printed. With --cache a second\n"
      "run, and every other command with the same --cache and --cache-precision, takes them\n"
      "from there. A run that is stopped goes on where it stopped.",
      "  svfmath factor model.gguf --cache factors\n"
      "  svfmath factor weights.safetensors --out factors.safetensors");
  command.callback([options] { run(*options); });
}

}  // namespace cli
