// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <utility>
#include <vector>

#include <svfmath/factor/accuracy.hpp>
#include <svfmath/factor/factorize_each.hpp>

#include "support/device.cuh"

namespace {

/// The weights of one layer of Llama-3-8B (rows, columns): q, o, k, v, gate, up, down.
constexpr std::pair<svf::index_t, svf::index_t> layer_shapes[] = {
    {4096, 4096}, {4096, 4096}, {1024, 4096}, {1024, 4096},
    {14336, 4096}, {14336, 4096}, {4096, 14336}};

/// 0.02 · N(0,1) and 32 directions above the bulk, the first 30 times its edge, falling as j^-1.1:
/// the outliers that weights of language models have.
bench::device_matrix weight_with_outliers(svf::cuda::stream_policy& exec, svf::index_t m,
                                          svf::index_t n, std::uint64_t seed) {
  constexpr svf::index_t directions = 32;
  auto w = bench::normal_matrix(exec, m, n, 3 * seed);
  auto left = bench::normal_matrix(exec, m, directions, 3 * seed + 1);
  auto const right = bench::normal_matrix(exec, directions, n, 3 * seed + 2);
  double const edge = 0.02 * (std::sqrt(double(m)) + std::sqrt(double(n)));
  double const length = 0.02 * 0.02 * std::sqrt(double(m) * double(n));  // of one product
  std::vector<float> sizes;
  for (svf::index_t j = 1; j <= directions; ++j) {
    sizes.push_back(float(30.0 * edge / length * std::pow(double(j), -1.1)));
  }
  auto const scale = svf::vector_on(exec, sizes);
  scale_columns(exec, svf::as_const(left.view()), scale.view(), left.view());
  gemm(exec, 1.0f, svf::as_const(left.view()), right.view(), 1.0f, w.view());
  return w;
}

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

}  // namespace

// usage: bench_factorize_cuda [LAYERS [REPETITIONS]]
//
// Factors the weights of Llama-3-8B's 32 layers, or of fewer, float, on the device before and after.
// Prints the best time, the worst reconstruction and orthogonality, and HEADLINE seconds error.
int main(int argc, char** argv) {
  int const layers = argc > 1 ? std::max(1, std::atoi(argv[1])) : 32;
  int const repetitions = argc > 2 ? std::max(1, std::atoi(argv[2])) : 2;
  svf::cuda::stream_policy exec;
  bench::print_title(exec, "factorize_each, the weights of Llama-3-8B");
  std::vector<bench::device_matrix> weights;
  for (int layer = 0; layer < layers; ++layer) {
    for (auto const& [m, n] : layer_shapes) {
      weights.push_back(weight_with_outliers(exec, m, n, std::uint64_t(weights.size())));
    }
  }
  std::vector<bench::device_factors> factors(weights.size());
  double best = HUGE_VAL;
  for (int k = 0; k < repetitions; ++k) {
    factors.clear();
    factors.resize(weights.size());
    best = std::min(best, seconds_of(weights, exec, factors));
    std::printf("%zu matrices of %d layers: %.3f s\n", weights.size(), layers, best);
  }
  svf::factor_accuracy worst;
  for (std::size_t i = 0; i < weights.size(); ++i) {
    auto const each = svf::measure_accuracy(exec, weights[i], factors[i]);
    worst.reconstruction = std::max(worst.reconstruction, each.reconstruction);
    worst.orthogonality = std::max(worst.orthogonality, each.orthogonality);
  }
  std::printf("worst reconstruction %.3g, worst orthogonality %.3g\n", worst.reconstruction,
              worst.orthogonality);
  std::printf("HEADLINE %.4f %.3g\n", best,
              std::max(worst.reconstruction, worst.orthogonality));
}
