// SPDX-License-Identifier: Apache-2.0
#include <benchmark/benchmark.h>

#include <svfmath/apply/gradient.hpp>

#include "support/device.cuh"

namespace {

// dL/dz of a 4096² site from T inputs and output gradients in float, by a given way.
template <class Way>
void run(benchmark::State& state, Way&& way) {
  svf::cuda::stream_policy exec;
  constexpr bench::index_t size = 4096;
  auto const factors = bench::random_factors(exec, size, size);
  auto const z = bench::multipliers(exec, size, 4);
  auto const x = bench::normal_matrix(exec, state.range(0), size, 5);
  auto const delta = bench::normal_matrix(exec, state.range(0), size, 6);
  auto dz = svf::make_vector<float>(exec, size);
  bench::timed(state, exec, [&] { way(exec, factors, z, x, delta, dz); });
}

void chosen(benchmark::State& state) {
  run(state, [](auto& exec, auto const& factors, auto const& z, auto const& x, auto const& delta,
                auto& dz) { svf::gradient(exec, factors, z, x, delta, dz); });
}

void factored(benchmark::State& state) {
  run(state, [](auto& exec, auto const& factors, auto const& z, auto const& x, auto const& delta,
                auto& dz) { svf::gradient_from_factors(exec, factors, z, x, delta, dz); });
}

void dense(benchmark::State& state) {
  run(state, [](auto& exec, auto const& factors, auto const& z, auto const& x, auto const& delta,
                auto& dz) {
    auto dw = svf::make_matrix<float>(exec, factors.rows(), factors.cols());  // Δᵀ X
    gemm(exec, 1.0f, svf::transposed(delta.view()), x.view(), 0.0f, dw.view());
    svf::gradient_from_dense(exec, factors, z, dw, dz);
  });
}

void tokens(benchmark::internal::Benchmark* benchmark) {
  benchmark->RangeMultiplier(4)->Range(64, 16384);
  benchmark->UseManualTime()->Unit(benchmark::kMicrosecond);
}

}  // namespace

BENCHMARK(chosen)->Apply(tokens);
BENCHMARK(factored)->Apply(tokens);
BENCHMARK(dense)->Apply(tokens);
