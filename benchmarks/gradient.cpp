// SPDX-License-Identifier: Apache-2.0
#include <vector>

#include <benchmark/benchmark.h>

#include <svfmath/apply/gradient.hpp>
#include <svfmath/cpu.hpp>

#include "support/site.hpp"

namespace {

// dL/dz_i = σ_i Σ_t (u_iᵀδ_t)(v_iᵀx_t) for 512 tokens; the work does not depend on the values.
void headline(benchmark::State& state) {
  svf::cpu::par exec;
  svf::svd_factors<float> factors;
  factors.u = bench::normal_matrix(bench::rows, bench::rank, 1);
  factors.vt = bench::normal_matrix(bench::rank, bench::cols, 2);
  factors.s = svf::vector<float>(bench::rank);
  for (svf::index_t i = 0; i < bench::rank; ++i) {
    factors.s[i] = 2.0f - float(i) / float(bench::rank);
  }
  auto const z = bench::multipliers(3);
  auto const x = bench::normal_matrix(bench::tokens, bench::cols, 4);
  auto const delta = bench::normal_matrix(bench::tokens, bench::rows, 5);
  std::vector<float> dz(z.size());
  for (auto _ : state) {
    svf::gradient(exec, factors, z, x, delta, dz);
    benchmark::DoNotOptimize(dz.data());
  }
  std::vector<float> sample;
  for (std::size_t i = 0; i < dz.size(); i += 37) {
    sample.push_back(dz[i]);
  }
  auto const exact = [&](svf::index_t index) {
    svf::index_t const i = 37 * index;
    double sum = 0.0;
    for (svf::index_t t = 0; t < bench::tokens; ++t) {
      double left = 0.0;
      double right = 0.0;
      for (svf::index_t k = 0; k < bench::rows; ++k) {
        left += double(factors.u(k, i)) * double(delta(t, k));
      }
      for (svf::index_t k = 0; k < bench::cols; ++k) {
        right += double(factors.vt(i, k)) * double(x(t, k));
      }
      sum += left * right;
    }
    return double(factors.s[i]) * sum;
  };
  state.counters["error"] =
      bench::relative_error(sample.data(), svf::index_t(sample.size()), exact);
}

}  // namespace

BENCHMARK(headline)->UseRealTime()->Unit(benchmark::kMicrosecond)->Repetitions(3);
