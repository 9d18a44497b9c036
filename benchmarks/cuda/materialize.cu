// SPDX-License-Identifier: Apache-2.0

#include <benchmark/benchmark.h>

#include <svfmath/apply/materialize.hpp>

#include "support/device.cuh"

namespace {

// W'(z) in float.
void materialize(benchmark::State& state) {
  svf::cuda::stream_policy exec;
  auto const factors = bench::random_factors(exec, state.range(0), state.range(1));
  auto const z = bench::multipliers(exec, factors.rank(), 4);
  auto out = svf::make_matrix<float>(exec, factors.rows(), factors.cols());
  bench::timed(state, exec, [&] { svf::materialize(exec, factors, z, out); });
}

// The product alone, which W' cannot be had without.
void product(benchmark::State& state) {
  svf::cuda::stream_policy exec;
  auto const factors = bench::random_factors(exec, state.range(0), state.range(1));
  auto out = svf::make_matrix<float>(exec, factors.rows(), factors.cols());
  bench::timed(state, exec, [&] {
    gemm(exec, 1.0f, factors.u.view(), factors.vt.view(), 0.0f, out.view());
  });
}

void shapes(benchmark::internal::Benchmark* benchmark) {
  benchmark->Args({1024, 4096})->Args({4096, 4096})->Args({14336, 4096});
  benchmark->UseManualTime()->Unit(benchmark::kMicrosecond);
}

}  // namespace

BENCHMARK(materialize)->Apply(shapes);
BENCHMARK(product)->Apply(shapes);
