// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include <benchmark/benchmark.h>

#include <svfmath/cpu.hpp>
#include <svfmath/factor/accuracy.hpp>
#include <svfmath/factor/factorize.hpp>

#include "support/site.hpp"

namespace {

void factorize(benchmark::State& state, svf::index_t m, svf::index_t n, svf::svd_method method) {
  svf::cpu::par exec;
  auto const w = bench::normal_matrix(m, n, 1);
  svf::svd_factors<float> factors;
  for (auto _ : state) {
    factors = svf::factorize(exec, w, {.method = method});
    benchmark::DoNotOptimize(factors);
  }
  auto const accuracy = svf::measure_accuracy(exec, w, factors);
  state.counters["error"] = std::max(accuracy.reconstruction, accuracy.orthogonality);
}

}  // namespace

BENCHMARK_CAPTURE(factorize, headline, bench::rows, bench::cols, svf::svd_method::gram)
    ->Name("headline/gram_1536x576")
    ->UseRealTime()
    ->Unit(benchmark::kMillisecond)
    ->Repetitions(3);
BENCHMARK_CAPTURE(factorize, gram_576x576, 576, 576, svf::svd_method::gram)
    ->UseRealTime()
    ->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(factorize, divide_and_conquer_576x576, 576, 576,
                  svf::svd_method::divide_and_conquer)
    ->UseRealTime()
    ->Unit(benchmark::kMillisecond);
