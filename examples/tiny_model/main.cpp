// SPDX-License-Identifier: Apache-2.0
//
// Trains the bundled tiny model from scratch and writes it as a Hugging Face folder.
#include <chrono>
#include <cstdio>
#include <exception>
#include <filesystem>
#include <string>

#include <CLI/CLI.hpp>
#include <fmt/core.h>
#include <svfmath/core/error.hpp>
#include <transformer/choice.hpp>
#include <transformer/hf.hpp>
#include <transformer/option_scores.hpp>

#include "synthetic_tasks.hpp"
#include "training.hpp"

namespace {

void print_accuracies(llama::cpu_policy& exec, llama::checkpoint const& trained) {
  llama::model const m(exec, trained);
  llama::tokenizer const words(trained.tok);
  auto tasks = tiny::trained_families();
  tasks.insert(tasks.end(), tiny::unseen_tasks().begin(), tiny::unseen_tasks().end());
  fmt::print("accuracy on 1000 questions each, four options:\n");
  for (tiny::task const& each : tasks) {
    auto const asked = llama::encode(words, tiny::make_questions(each, 1000, 99));
    auto const result = llama::summarise(llama::option_scores(exec, m, asked, 4096), asked);
    fmt::print("  {:<16}{:6.1f} %\n", each.name, 100.0 * result.accuracy());
  }
}

int run(int argc, char** argv) {
  std::string out = "tiny_model";
  tiny::training_options options;
  int threads = 0;
  CLI::App app("Trains the tiny model of the two-pass demo from scratch on synthetic tasks.");
  app.add_option("--out", out, "folder to write to")->capture_default_str();
  app.add_option("--seed", options.seed, "of the corpus and the first weights")
      ->capture_default_str();
  app.add_option("--steps", options.steps, "steps of training")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  app.add_option("--batch", options.batch, "documents per step")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  app.add_option("--threads", threads, "0: as many as the machine offers")->capture_default_str();
  try {
    app.parse(argc, argv);
  } catch (CLI::ParseError const& e) {
    return app.exit(e) == 0 ? 0 : 2;
  }

  llama::cpu_policy exec(threads);
  auto const start = std::chrono::steady_clock::now();
  double mean = 0.0;
  auto const trained =
      tiny::train_from_scratch(exec, options, [&](std::uint64_t step, double loss) {
        mean += (loss - mean) * (step == 0 ? 1.0 : 0.02);
        if ((step + 1) % 100 == 0 || step + 1 == options.steps) {
          std::chrono::duration<double> const spent = std::chrono::steady_clock::now() - start;
          fmt::print("step {:5} of {}  loss {:.4f}  {:.0f} s\n", step + 1, options.steps, mean,
                     spent.count());
          std::fflush(stdout);
        }
      });
  llama::save_hf(trained, out);
  print_accuracies(exec, trained);
  fmt::print("written to {}\n", std::filesystem::path(out).string());
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  try {
    return run(argc, argv);
  } catch (std::exception const& e) {
    fmt::print(stderr, "train_tiny_model: {}\n", e.what());
    return 2;
  }
}
