// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <utility>

#include <svfmath/factor/accuracy.hpp>
#include <svfmath/factor/factorize.hpp>

#include "support/device.cuh"

// One matrix at a time of Llama-3-8B's shapes, float, on the device before and after.
int main() {
  svf::cuda::stream_policy exec;
  bench::print_title(exec, "factorize, one matrix");
  std::printf("%8s %8s %10s %16s %14s\n", "m", "n", "ms", "reconstruction", "orthogonality");
  for (auto const& [m, n] : {std::pair<svf::index_t, svf::index_t>{4096, 4096}, {1024, 4096},
                             {14336, 4096}, {4096, 14336}}) {
    auto const w = bench::normal_matrix(exec, m, n, 1);
    bench::device_factors factors;
    double best = HUGE_VAL;
    for (int repetition = 0; repetition < 4; ++repetition) {
      best = std::min(best, bench::seconds_of_call(
                                exec, [&] { factors = svf::factorize(exec, w); }, 1));
    }
    auto const accuracy = svf::measure_accuracy(exec, w, factors);
    std::printf("%8td %8td %10.2f %16.2e %14.2e\n", m, n, 1e3 * best, accuracy.reconstruction,
                accuracy.orthogonality);
  }
}
