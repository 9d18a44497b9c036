// SPDX-License-Identifier: Apache-2.0
#include <benchmark/benchmark.h>

#include <svfmath/factor/accuracy.hpp>
#include <svfmath/factor/factorize.hpp>

#include "support/device.cuh"

namespace {

// One matrix at a time of Llama-3-8B's shapes, float, on the device before and after.
void factorize(benchmark::State& state) {
  svf::cuda::stream_policy exec;
  auto const w = bench::normal_matrix(exec, state.range(0), state.range(1), 1);
  bench::device_factors factors;
  bench::timed(state, exec, [&] { factors = svf::factorize(exec, w); });
  auto const accuracy = svf::measure_accuracy(exec, w, factors);
  state.counters["reconstruction"] = accuracy.reconstruction;
  state.counters["orthogonality"] = accuracy.orthogonality;
}

}  // namespace

BENCHMARK(factorize)
    ->Args({4096, 4096})
    ->Args({1024, 4096})
    ->Args({14336, 4096})
    ->Args({4096, 14336})
    ->UseManualTime()
    ->Unit(benchmark::kMillisecond);
