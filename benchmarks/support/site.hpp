// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cmath>
#include <vector>

#include <svfmath/core/matrix.hpp>
#include <svfmath/core/random.hpp>

/// The work every benchmark shares with its peer: one MLP matrix of a 135M-parameter transformer.
namespace bench {

inline constexpr svf::index_t rows = 1536;
inline constexpr svf::index_t cols = 576;
inline constexpr svf::index_t rank = 576;
inline constexpr svf::index_t tokens = 512;

/// Standard normals.
inline svf::matrix<float> normal_matrix(svf::index_t m, svf::index_t n, std::uint64_t seed) {
  svf::matrix<float> result(m, n);
  svf::random_stream const random(seed);
  for (svf::index_t i = 0; i < result.size(); ++i) {
    result.data()[i] = float(random.normal(std::uint64_t(i)));
  }
  return result;
}

/// z near the identity.
inline std::vector<float> multipliers(std::uint64_t seed) {
  std::vector<float> z(std::size_t{rank});
  svf::random_stream const random(seed);
  for (std::size_t i = 0; i < z.size(); ++i) {
    z[i] = 1.0f + 0.1f * float(random.normal(i));
  }
  return z;
}

/// ‖a − b‖ / ‖b‖ over `size` elements, `b` a function of the index.
template <class B>
double relative_error(float const* a, svf::index_t size, B&& b) {
  double difference = 0.0;
  double norm = 0.0;
  for (svf::index_t i = 0; i < size; ++i) {
    double const exact = b(i);
    difference += (double(a[i]) - exact) * (double(a[i]) - exact);
    norm += exact * exact;
  }
  return std::sqrt(difference / norm);
}

}  // namespace bench
