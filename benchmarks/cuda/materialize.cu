// SPDX-License-Identifier: Apache-2.0
#include <benchmark/benchmark.h>

#include <svfmath/apply/materialize.hpp>
#include <svfmath/core/half.hpp>

#include "support/device.cuh"

namespace {

template <class T>
svf::svd_factors<T, svf::device_space> random_factors(svf::cuda::stream_policy& exec,
                                                      benchmark::State const& state) {
  return svf::factors_as<T>(exec, bench::random_factors(exec, state.range(0), state.range(1)));
}

// W'(z).
template <class T>
void materialize(benchmark::State& state) {
  svf::cuda::stream_policy exec;
  auto const factors = random_factors<T>(exec, state);
  auto const z = bench::multipliers(exec, factors.rank(), 4);
  auto out = svf::make_matrix<T>(exec, factors.rows(), factors.cols());
  bench::timed(state, exec, [&] { svf::materialize(exec, factors, z, out); });
}

// The product alone, which W' cannot be had without.
template <class T>
void product(benchmark::State& state) {
  svf::cuda::stream_policy exec;
  auto const factors = random_factors<T>(exec, state);
  auto out = svf::make_matrix<T>(exec, factors.rows(), factors.cols());
  bench::timed(state, exec, [&] {
    gemm(exec, 1.0f, factors.u.view(), factors.vt.view(), 0.0f, out.view());
  });
}

void shapes(benchmark::internal::Benchmark* benchmark) {
  benchmark->Args({1024, 4096})->Args({4096, 4096})->Args({14336, 4096});
  benchmark->UseManualTime()->Unit(benchmark::kMicrosecond);
}

}  // namespace

BENCHMARK(materialize<svf::bfloat16>)->Apply(shapes);
BENCHMARK(product<svf::bfloat16>)->Apply(shapes);
BENCHMARK(materialize<float>)->Apply(shapes);
BENCHMARK(product<float>)->Apply(shapes);
