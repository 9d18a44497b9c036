// SPDX-License-Identifier: Apache-2.0
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <numeric>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <benchmark/benchmark.h>

#include <transformer/adapted_model.hpp>
#include <transformer/choice_environment.hpp>

#include "support/double_decoder.hpp"
#include "support/random_model.hpp"
#include "support/site.hpp"

/// A model of SmolLM2-135M's shape with random weights and 4 of its 30 layers. Its time for a
/// 30-layer model is 30 times the counter `layer` (seconds per layer), plus `logits` where the next
/// token is wanted.
namespace {

using llama::index_t;
using llama::token;

constexpr index_t layers = 4;
constexpr index_t prompt_tokens = 512;

/// What the benchmarks share, made by the first that runs.
llama::model const& shared_model() {
  static llama::cpu_policy exec;
  static llama::model const model(exec, bench::random_checkpoint(layers));
  return model;
}

/// Seconds per layer and iteration.
benchmark::Counter per_layer() {
  return {double(layers),
          benchmark::Counter::kIsIterationInvariantRate | benchmark::Counter::kInvert};
}

// The hidden states of a prompt of 512 tokens into an empty cache.
void headline(benchmark::State& state) {
  llama::cpu_policy exec;
  auto const& model = shared_model();
  auto const ids = bench::random_tokens(prompt_tokens, 1);
  svf::matrix<float> hidden;
  for (auto _ : state) {
    llama::kv_cache cache(exec, model.cfg(), prompt_tokens);
    hidden = model.extend(exec, cache, ids);
    benchmark::DoNotOptimize(hidden.data());
  }
  state.counters["layer"] = per_layer();
  // The first tokens, which see no later ones, against the same model in double.
  index_t const width = model.cfg().width;
  auto const exact = bench::double_decoder(model, std::span(ids).first(8));
  state.counters["error"] = bench::relative_error(hidden.data(), 8 * width, [&](index_t i) {
    return exact[std::size_t(i / width)][std::size_t(i % width)];
  });
}

// One more token after a prompt of 512, its hidden state only.
void decode(benchmark::State& state) {
  llama::cpu_policy exec;
  auto const& model = shared_model();
  auto const ids = bench::random_tokens(prompt_tokens, 1);
  llama::kv_cache prompt(exec, model.cfg(), prompt_tokens + 64);
  model.extend(exec, prompt, ids);
  auto cache = prompt;
  for (auto _ : state) {
    if (cache.length() == cache.capacity()) {
      state.PauseTiming();
      cache = prompt;
      state.ResumeTiming();
    }
    auto const hidden = model.extend(exec, cache, std::span(ids).first(1));
    benchmark::DoNotOptimize(hidden.data());
  }
  state.counters["layer"] = per_layer();
}

// The scores of all tokens after one hidden state.
void logits(benchmark::State& state) {
  llama::cpu_policy exec;
  auto const& model = shared_model();
  auto const hidden = bench::normal_matrix(1, model.cfg().width, 2);
  svf::matrix<float> scores(1, model.cfg().vocabulary);
  for (auto _ : state) {
    model.project(exec, hidden.view(), scores.view());
    benchmark::DoNotOptimize(scores.data());
  }
}

// What a training step asks of the model: the scores of 8 questions (96 tokens and 4 options of 12)
// and the gradient with respect to z of all maps.
void train_step(benchmark::State& state) {
  llama::cpu_policy exec;
  auto const source = bench::random_checkpoint(layers);
  auto sites = llama::sites_of(exec, source);
  auto factored = llama::factor_sites(exec, source, sites, nullptr);
  llama::adapted_model model(exec, source, std::move(sites), std::move(factored.factors));
  std::vector<llama::encoded_question> questions(8);
  for (std::size_t q = 0; q < questions.size(); ++q) {
    questions[q].prompt = bench::random_tokens(96, 100 + q);
    for (std::uint64_t option = 0; option < 4; ++option) {
      questions[q].options.push_back(bench::random_tokens(12, 200 + 4 * q + option));
    }
  }
  std::vector<std::size_t> asked(questions.size());
  std::iota(asked.begin(), asked.end(), std::size_t{0});
  llama::choice_environment environment(exec, model, std::move(questions));
  std::vector<float> const z(std::size_t(model.layout().size()), 1.01f);
  std::vector<float> dz(z.size());
  for (auto _ : state) {
    auto scores = environment.score(z, asked);
    environment.backward(scores, dz);
    benchmark::DoNotOptimize(dz.data());
  }
}

}  // namespace

BENCHMARK(headline)->UseRealTime()->Unit(benchmark::kMillisecond)->Repetitions(3);
BENCHMARK(decode)->UseRealTime()->Unit(benchmark::kMicrosecond)->Repetitions(3);
BENCHMARK(logits)->UseRealTime()->Unit(benchmark::kMicrosecond)->Repetitions(3);
BENCHMARK(train_step)->UseRealTime()->Unit(benchmark::kMillisecond)->Repetitions(3);
