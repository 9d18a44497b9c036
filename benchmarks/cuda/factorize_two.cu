// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstddef>
#include <cstdio>
#include <iterator>
#include <span>
#include <utility>
#include <vector>

#include <svfmath/factor/accuracy.hpp>
#include <svfmath/factor/factorize_each.hpp>
#include <svfmath/factor/factorize_each_spread.hpp>

#include "support/arguments.hpp"
#include "support/device.cuh"
#include "support/llama_weights.cuh"
#include "support/report.hpp"

namespace {

using policies = std::span<svf::cuda::stream_policy>;

/// The factors, and by which policy each was made.
struct outcome {
  std::vector<bench::device_factors> factors;
  std::vector<std::size_t> makers;
  double seconds = 0.0;
};

outcome factored(policies execs, std::vector<bench::device_matrix> const& weights) {
  outcome result;
  result.factors.resize(weights.size());
  result.makers.resize(weights.size());
  for (auto& exec : execs) {
    exec.synchronize();
  }
  auto const start = std::chrono::steady_clock::now();
  if (execs.size() == 1) {  // as everybody with one device would
    svf::factorize_each(execs.front(), weights, [&](std::size_t i, bench::device_factors&& f) {
      result.factors[i] = std::move(f);
    });
  } else {
    svf::factorize_each(execs, weights, [&](svf::cuda::stream_policy& exec, std::size_t i,
                                            bench::device_factors&& f) {
      result.factors[i] = std::move(f);
      result.makers[i] = std::size_t(&exec - execs.data());
    });
  }
  for (auto& exec : execs) {
    exec.synchronize();
  }
  result.seconds =
      std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  return result;
}

/// Of all matrices, where their factors are.
svf::factor_accuracy worst_accuracy(policies execs,
                                    std::vector<bench::device_matrix> const& weights,
                                    outcome const& result) {
  svf::factor_accuracy worst;
  for (std::size_t i = 0; i < weights.size(); ++i) {
    auto& exec = execs[result.makers[i]];
    auto here = make_carrier<float>(exec);
    here.add(weights[i].view());
    auto const each = svf::measure_accuracy(exec, here.view(0), result.factors[i]);
    worst.reconstruction = std::max(worst.reconstruction, each.reconstruction);
    worst.orthogonality = std::max(worst.orthogonality, each.orthogonality);
  }
  return worst;
}

/// Bytes a second at which a layer's weights come to another device; the second of two times.
double copy_speed(svf::cuda::stream_policy& exec,
                  std::vector<bench::device_matrix> const& weights) {
  double speed = 0.0;
  for (int round = 0; round < 2; ++round) {
    exec.synchronize();
    auto const start = std::chrono::steady_clock::now();
    auto here = make_carrier<float>(exec);
    double bytes = 0.0;
    for (std::size_t k = 0; k < std::size(bench::layer_shapes); ++k) {
      here.add(weights[k].view());
      here.view(k);  // the stream waits for it
      bytes += double(weights[k].size()) * sizeof(float);
    }
    exec.synchronize();
    speed = bytes / std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  }
  return speed;
}

}  // namespace

// usage: bench_factorize_two_cuda [LAYERS [REPETITIONS]] [--json FILE]
//
// Factors the weights of Llama-3-8B's 32 layers, or of fewer, float, which lie on the first device,
// by that device and by two, in turn. The headline is the best time of two devices with the worst
// reconstruction or orthogonality, the peer that of one: their ratio is what the second one brings.
int main(int argc, char** argv) {
  bench::arguments const given(argc, argv);
  int const layers = given.number(0, 32);
  int const repetitions = given.number(1, 2);
  int devices = 0;
  svf::cuda::detail::check(cudaGetDeviceCount(&devices), "cudaGetDeviceCount");
  if (devices < 2) {
    std::fprintf(stderr, "factorize_two: needs two devices, found %d\n", devices);
    return 1;
  }
  std::vector<svf::cuda::stream_policy> execs;
  execs.emplace_back(0);
  execs.emplace_back(1);
  bench::report report(execs.front(), given,
                       "factorize_each on one and two devices, the weights of Llama-3-8B",
                       {{"devices", 7},
                        {"matrices", 8},
                        {"of_second", 9},
                        {"seconds", 9, "%.3f"},
                        {"reconstruction", 14, "%.2e"},
                        {"orthogonality", 13, "%.2e"}});
  auto const weights = bench::llama_weights(execs.front(), layers);
  execs.front().synchronize();
  double const speed = copy_speed(execs.back(), weights);
  double best[] = {HUGE_VAL, HUGE_VAL};
  double error = 0.0;
  for (int k = 0; k < repetitions; ++k) {
    for (std::size_t const count : {1u, 2u}) {
      policies const taken(execs.data(), count);
      auto const result = factored(taken, weights);
      auto const worst = worst_accuracy(taken, weights, result);
      report.row({long(count), long(weights.size()),
                  std::count(result.makers.begin(), result.makers.end(), std::size_t{1}),
                  result.seconds, worst.reconstruction, worst.orthogonality});
      best[count - 1] = std::min(best[count - 1], result.seconds);
      if (count == 2) {
        error = std::max({error, worst.reconstruction, worst.orthogonality});
      }
    }
  }
  std::printf("weights came to the second device at %.0f GB/s\n", 1e-9 * speed);
  report.headline(best[1], error, best[0]);
  return report.finish();
}
