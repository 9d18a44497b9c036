// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cmath>
#include <cstdint>
#include <utility>
#include <vector>

#include <svfmath/core/transfer.hpp>

#include "support/device.cuh"

namespace bench {

/// The weights of one layer of Llama-3-8B (rows, columns): q, o, k, v, gate, up, down.
inline constexpr std::pair<index_t, index_t> layer_shapes[] = {
    {4096, 4096}, {4096, 4096}, {1024, 4096}, {1024, 4096},
    {14336, 4096}, {14336, 4096}, {4096, 14336}};

/// 0.02 · N(0,1) and 32 directions above the bulk, the first 30 times its edge, falling as j^-1.1:
/// the outliers that weights of language models have.
inline device_matrix weight_with_outliers(svf::cuda::stream_policy& exec, index_t m, index_t n,
                                          std::uint64_t seed) {
  constexpr index_t directions = 32;
  auto w = normal_matrix(exec, m, n, 3 * seed);
  auto left = normal_matrix(exec, m, directions, 3 * seed + 1);
  auto const right = normal_matrix(exec, directions, n, 3 * seed + 2);
  double const edge = 0.02 * (std::sqrt(double(m)) + std::sqrt(double(n)));
  double const length = 0.02 * 0.02 * std::sqrt(double(m) * double(n));  // of one product
  std::vector<float> sizes;
  for (index_t j = 1; j <= directions; ++j) {
    sizes.push_back(float(30.0 * edge / length * std::pow(double(j), -1.1)));
  }
  auto const scale = svf::vector_on(exec, sizes);
  scale_columns(exec, svf::as_const(left.view()), scale.view(), left.view());
  gemm(exec, 1.0f, svf::as_const(left.view()), right.view(), 1.0f, w.view());
  return w;
}

/// Those of so many layers, on the device of `exec`.
inline std::vector<device_matrix> llama_weights(svf::cuda::stream_policy& exec, int layers) {
  std::vector<device_matrix> weights;
  for (int layer = 0; layer < layers; ++layer) {
    for (auto const& [m, n] : layer_shapes) {
      weights.push_back(weight_with_outliers(exec, m, n, std::uint64_t(weights.size())));
    }
  }
  return weights;
}

}  // namespace bench
