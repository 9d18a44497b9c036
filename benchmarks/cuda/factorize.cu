// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstddef>
#include <cstdio>
#include <map>
#include <utility>
#include <vector>

#include <svfmath/factor/accuracy.hpp>
#include <svfmath/factor/factorize_each.hpp>

#include "support/arguments.hpp"
#include "support/device.cuh"
#include "support/jacobi_peer.cuh"
#include "support/llama_weights.cuh"
#include "support/report.hpp"

namespace {

double seconds_of(std::vector<bench::device_matrix> const& weights, svf::cuda::stream_policy& exec,
                  std::vector<bench::device_factors>& factors) {
  exec.synchronize();
  auto const start = std::chrono::steady_clock::now();
  svf::factorize_each(exec, weights, [&](std::size_t i, bench::device_factors&& f) {
    factors[i] = std::move(f);
  });
  exec.synchronize();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

// What Jacobi's method takes for all weights, from one of each shape.
double peer_seconds(std::vector<bench::device_matrix> const& weights,
                    svf::cuda::stream_policy& exec) {
  std::map<std::pair<svf::index_t, svf::index_t>, double> seconds;
  double total = 0.0;
  for (auto const& w : weights) {
    auto const [place, is_new] = seconds.try_emplace({w.rows(), w.cols()}, 0.0);
    if (is_new) {
      auto const one = bench::jacobi_svd(exec, w);
      place->second = one.seconds;
      std::printf("gesvdj, one %td x %td: %.3f s, %d sweeps, residual %.2e\n", w.rows(), w.cols(),
                  one.seconds, one.sweeps, one.residual);
    }
    total += place->second;
  }
  return total;
}

}  // namespace

// usage: bench_factorize_cuda [LAYERS [REPETITIONS]] [--json FILE]
//
// Factors the weights of Llama-3-8B's 32 layers, or of fewer, float, on the device before and
// after. The headline is the best time and the worst reconstruction or orthogonality; the peer what
// torch.linalg.svd calls there, one matrix of each shape times their number.
int main(int argc, char** argv) {
  bench::arguments const given(argc, argv);
  int const layers = given.number(0, 32);
  int const repetitions = given.number(1, 2);
  svf::cuda::stream_policy exec;
  bench::report report(exec, given, "factorize_each, the weights of Llama-3-8B",
                       {{"matrices", 8},
                        {"layers", 6},
                        {"seconds", 9, "%.3f"},
                        {"reconstruction", 14, "%.2e"},
                        {"orthogonality", 13, "%.2e"}});
  auto const weights = bench::llama_weights(exec, layers);
  double best = HUGE_VAL;
  double error = 0.0;
  for (int k = 0; k < repetitions; ++k) {
    std::vector<bench::device_factors> factors(weights.size());
    double const seconds = seconds_of(weights, exec, factors);
    svf::factor_accuracy worst;
    for (std::size_t i = 0; i < weights.size(); ++i) {
      auto const each = svf::measure_accuracy(exec, weights[i], factors[i]);
      worst.reconstruction = std::max(worst.reconstruction, each.reconstruction);
      worst.orthogonality = std::max(worst.orthogonality, each.orthogonality);
    }
    report.row({long(weights.size()), long(layers), seconds, worst.reconstruction,
                worst.orthogonality});
    best = std::min(best, seconds);
    error = std::max({error, worst.reconstruction, worst.orthogonality});
  }
  report.headline(best, error, peer_seconds(weights, exec));
  return report.finish();
}
