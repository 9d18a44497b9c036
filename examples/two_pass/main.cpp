// SPDX-License-Identifier: Apache-2.0
//
// The whole method on the bundled tiny model: see README.md beside this file.
#include <chrono>
#include <cstdio>
#include <exception>
#include <filesystem>
#include <string>

#include <CLI/CLI.hpp>
#include <fmt/core.h>
#include <svfmath/core/error.hpp>

#include "experiment.hpp"
#include "plots.hpp"
#include "report.hpp"

namespace {

struct arguments {
  std::string model = "examples/tiny_model";
  std::string out = "results/demo";
  std::string preset;
  bool quick = false;
  std::uint64_t seed = 1;
  int threads = 0;
};

void print_plots(demo::plot_outcome const& plots, std::filesystem::path const& folder) {
  if (!plots.gnuplot_found) {
    fmt::print("plots: gnuplot is not installed, so only their scripts were written to {}\n",
               folder.string());
  } else if (!plots.first_failure.empty()) {
    fmt::print("plots: {} drawn; gnuplot refused {}\n", plots.drawn,
               (folder / (plots.first_failure + ".gp")).string());
  } else {
    fmt::print("plots: {} as SVG and PNG, with their gnuplot scripts, in {}\n", plots.drawn,
               folder.string());
  }
}

int run(int argc, char** argv) {
  arguments given;
  CLI::App app(
      "Factors the tiny model, trains an expert for each of three families of tasks and one that\n"
      "labels prompts, and adapts the model in two passes by strategies A, B and C. Prints tables\n"
      "like the paper's and writes JSON, CSV, expert files and plots.");
  app.add_option("--model", given.model, "folder of the tiny model")->capture_default_str();
  app.add_option("--out", given.out, "folder for the results")->capture_default_str();
  app.add_flag("--quick", given.quick, "shorter training and fewer questions");
  app.add_option("--seed", given.seed, "of questions, training and search; equal seeds give equal "
                                       "numbers")
      ->capture_default_str();
  app.add_option("--threads", given.threads, "0: as many as the machine offers")
      ->check(CLI::NonNegativeNumber)
      ->capture_default_str();
  try {
    app.parse(argc, argv);
  } catch (CLI::ParseError const& e) {
    return app.exit(e) == 0 ? 0 : 2;
  }

  auto const start = std::chrono::steady_clock::now();
  auto options = given.quick ? demo::experiment_options::quick() : demo::experiment_options{};
  options.seed = given.seed;
  llama::cpu_policy exec(given.threads);
  auto const model = llama::load_checkpoint(given.model);
  std::filesystem::path const out(given.out);
  demo::make_folder(out);  // now rather than after the work
  auto const result = demo::run_experiment(exec, model, options, [](std::string const& text) {
    fmt::print("{} ...\n", text);
    std::fflush(stdout);
  });
  fmt::print("\n{}", demo::tables(options, result));

  demo::write_results(out, options, result);
  auto const plots = demo::draw_plots(out / "plots", result);
  fmt::print("\nwritten to {}: results.json, timings.json, costs.csv, scores.csv,\n"
             "  learning_curves.csv, confusion_A.csv, confusion_B.csv, alpha.csv, z.csv, "
             "spectra.csv, experts/\n",
             out.string());
  print_plots(plots, out / "plots");
  std::chrono::duration<double> const spent = std::chrono::steady_clock::now() - start;
  fmt::print("\n{}  everything {:.1f} s\n", demo::timings(result), spent.count());
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  try {
    return run(argc, argv);
  } catch (std::exception const& e) {
    fmt::print(stderr, "two_pass_demo: {}\n", e.what());
    return 2;
  }
}
