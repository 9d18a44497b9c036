// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>
#include <utility>

#include <svfmath/factor/accuracy.hpp>
#include <svfmath/factor/factorize.hpp>

#include "support/device.cuh"
#include "support/report.hpp"

// usage: bench_factorize_one_cuda [--json FILE]
//
// One matrix at a time of Llama-3-8B's shapes, float, on the device before and after.
int main(int argc, char** argv) {
  svf::cuda::stream_policy exec;
  bench::report report(exec, {argc, argv}, "factorize, one matrix",
                       {{"m", 8},
                        {"n", 8},
                        {"ms", 10, "%.2f"},
                        {"reconstruction", 16, "%.2e"},
                        {"orthogonality", 14, "%.2e"}});
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
    report.row({m, n, 1e3 * best, accuracy.reconstruction, accuracy.orthogonality});
  }
  return report.finish();
}
