// SPDX-License-Identifier: Apache-2.0
#include <benchmark/benchmark.h>

#include <svfmath/apply/factored.hpp>
#include <svfmath/cpu.hpp>

#include "support/site.hpp"

namespace {

// y = U((σ∘z)∘(Vᵀx)) for 512 tokens; the work does not depend on the values.
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
  svf::matrix<float> y(bench::tokens, bench::rows);
  for (auto _ : state) {
    svf::apply_factored(exec, factors, z, x, y);
    benchmark::DoNotOptimize(y.data());
  }
  // The first two tokens against sums in double.
  state.counters["error"] = bench::relative_error(y.data(), 2 * bench::rows, [&](auto index) {
    double sum = 0.0;
    for (svf::index_t k = 0; k < bench::rank; ++k) {
      double dot = 0.0;
      for (svf::index_t j = 0; j < bench::cols; ++j) {
        dot += double(factors.vt(k, j)) * double(x(index / bench::rows, j));
      }
      sum += double(factors.u(index % bench::rows, k)) * double(factors.s[k]) *
             double(z[std::size_t(k)]) * dot;
    }
    return sum;
  });
}

}  // namespace

BENCHMARK(headline)->UseRealTime()->Unit(benchmark::kMicrosecond)->Repetitions(3);
