// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <utility>
#include <vector>

#include <svfmath/learn/preset.hpp>
#include <svfmath/learn/trainer.hpp>

#include <transformer/choice_environment.hpp>
#include <transformer/cuda/engine.hpp>
#include <transformer/cuda/factored_sites.hpp>
#include <transformer/tokenizer.hpp>

#include "support/random_model.hpp"

/// A REINFORCE+KL step of the paper's preset on a model of SmolLM2-135M's shape: 256 questions of 4
/// options, z of all 210 maps; scores, base scores, gradient and AdamW.
namespace {

constexpr std::size_t batch = 256;
constexpr int warm_up = 3;
constexpr int steps = 20;

struct task {
  llama::checkpoint model;
  std::vector<llama::encoded_question> questions;
};

// Lengths as in multiple-choice questions of school mathematics.
task random_task() {
  task result{bench::random_checkpoint(30), {}};
  for (std::uint64_t q = 0; q < 4 * batch; ++q) {
    llama::encoded_question question;
    question.prompt = bench::random_tokens(llama::index_t(40 + q % 50), 100 + 5 * q);
    for (std::uint64_t option = 0; option < 4; ++option) {
      question.options.push_back(
          bench::random_tokens(4 + llama::index_t(q % 5), 101 + 5 * q + option));
    }
    result.questions.push_back(std::move(question));
  }
  return result;
}

task read_task(std::string const& model, std::string const& questions) {
  task result{llama::load_checkpoint(model), {}};
  llama::tokenizer const words(result.model.tok, result.model.source);
  result.questions = llama::encode(words, llama::read_choice_file(questions),
                                   llama::limits_for(result.model.cfg));
  return result;
}

double seconds_of(auto&& body) {
  auto const start = std::chrono::steady_clock::now();
  body();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

struct result {
  double seconds = HUGE_VAL;  ///< of the fastest step
  double mean = 0.0;
  double gradient_norm = 0.0;  ///< of the first step
  double gibibytes = 0.0;      ///< of device memory that the policy has taken for itself
};

// What no policy holds, in use or in its pool: the difference over a run is the most it needed.
double free_gibibytes() {
  std::size_t free = 0;
  std::size_t all = 0;
  svf::cuda::detail::check(cudaMemGetInfo(&free, &all), "cudaMemGetInfo");
  return double(free) / double(1 << 30);
}

template <class E>
result measure(task const& work) {
  llama::cpu_policy host;
  typename E::policy exec;
  double const free_before = free_gibibytes();
  auto sites = llama::sites_of(host, work.model);
  auto factored = llama::factor_sites(exec, work.model, sites, nullptr);
  llama::basic_adapted_model<E> model(exec, work.model, std::move(sites),
                                      std::move(factored.factors));
  llama::basic_choice_environment<E> environment(exec, model, work.questions, E::training_rows,
                                                 llama::index_t{1} << 20);
  auto options = svf::make_options(svf::preset::paper);
  options.batch = batch;
  options.steps = warm_up + steps;
  auto const sigma = model.sigma(exec);
  svf::trainer trainer(options, sigma.size(), sigma);
  result r;
  for (int step = 0; step < warm_up + steps; ++step) {
    double norm = 0.0;
    double const seconds =
        seconds_of([&] { norm = trainer.step(environment).gradient_norm; });
    if (step == 0) {
      r.gradient_norm = norm;
    }
    if (step >= warm_up) {
      r.seconds = std::min(r.seconds, seconds);
      r.mean += seconds / steps;
    }
  }
  r.gibibytes = free_before - free_gibibytes();
  return r;
}

void print(char const* type, result const& r, result const& reference) {
  std::printf("%-9s %10.4f %10.4f %10.2f %12.3e %10.2e\n", type, r.seconds, r.mean, r.gibibytes,
              r.gradient_norm, std::abs(r.gradient_norm / reference.gradient_norm - 1.0));
}

}  // namespace

// usage: bench_train_cuda [MODEL TASK.jsonl]
//
// Without arguments: random weights and tokens. HEADLINE is a step in bfloat16; its error is that
// of the gradient's norm against float32.
int main(int argc, char** argv) {
  auto const work = argc > 2 ? read_task(argv[1], argv[2]) : random_task();
  std::size_t rows = 0;
  for (auto const& question : work.questions) {
    rows += std::size_t(llama::choice_batch::rows_of(question));
  }
  std::printf("a step on %zu questions of %.1f rows, %s\n", batch,
              double(rows) / double(work.questions.size()), work.model.source.c_str());
  std::printf("%-9s %10s %10s %10s %12s %10s\n", "type", "best s", "mean s", "GiB", "gradient",
              "error");
  auto const single = measure<llama::cuda_engine<float>>(work);
  print("float32", single, single);
  auto const rounded = measure<llama::cuda_engine<svf::bfloat16>>(work);
  print("bfloat16", rounded, single);
  std::printf("HEADLINE %.4g %.3g\n", rounded.seconds,
              std::abs(rounded.gradient_norm / single.gradient_norm - 1.0));
}
