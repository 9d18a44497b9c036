// SPDX-License-Identifier: Apache-2.0
#include <benchmark/benchmark.h>

#include <svfmath/apply/materialize.hpp>
#include <svfmath/cpu.hpp>

#include "support/site.hpp"

namespace {

// Materialising costs the same for any factors: these are random numbers of the right shapes.
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
  svf::matrix<float> out(bench::rows, bench::cols);
  for (auto _ : state) {
    svf::materialize(exec, factors, z, out);
    benchmark::DoNotOptimize(out.data());
  }
  // Against sums in double on every 97th row.
  svf::matrix<float> sample(bench::rows / 97, bench::cols);
  for (svf::index_t i = 0; i < sample.size(); ++i) {
    sample.data()[i] = out(i / bench::cols * 97, i % bench::cols);
  }
  state.counters["error"] = bench::relative_error(sample.data(), sample.size(), [&](auto i) {
    double sum = 0.0;
    for (svf::index_t k = 0; k < bench::rank; ++k) {
      sum += double(factors.u(i / bench::cols * 97, k)) * double(factors.s[k]) *
             double(z[std::size_t(k)]) * double(factors.vt(k, i % bench::cols));
    }
    return sum;
  });
}

}  // namespace

BENCHMARK(headline)->UseRealTime()->Unit(benchmark::kMicrosecond)->Repetitions(5);
