// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>

#include <svfmath/core/matrix.hpp>
#include <svfmath/core/random.hpp>
#include <svfmath/cpu/algorithm.hpp>
#include <svfmath/cpu/blas.hpp>

#include "site.hpp"

namespace bench {

/// A random matrix (m×n) with the spectrum of a trained weight: the bulk of Gaussian noise, whose
/// largest singular value is 1, and 32 directions above it that fall as 8/√k.
inline svf::matrix<float> trained_matrix(svf::cpu::par& exec, svf::index_t m, svf::index_t n,
                                         std::uint64_t seed) {
  svf::index_t const directions = std::min<svf::index_t>({32, m, n});
  double const bulk = 1.0 / (std::sqrt(double(m)) + std::sqrt(double(n)));
  auto w = normal_matrix(m, n, 3 * seed);
  auto left = normal_matrix(m, directions, 3 * seed + 1);  // columns of length about √m
  auto const right = normal_matrix(directions, n, 3 * seed + 2);
  svf::vector<float> lengths(directions);
  for (svf::index_t k = 0; k < directions; ++k) {
    lengths[k] = float(8.0 / std::sqrt(double(k + 1)) / std::sqrt(double(m) * double(n)));
  }
  scale_columns(exec, svf::as_const(left.view()), svf::as_const(lengths.view()), left.view());
  gemm(exec, 1.0f, left.view(), right.view(), float(bulk), w.view());
  return w;
}

}  // namespace bench
