// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <vector>

#include <svfmath/core/matrix.hpp>
#include <svfmath/core/random.hpp>

namespace test {

/// rows × cols standard normals, the same for the same seed everywhere.
template <class T>
svf::matrix<T> normal_matrix(svf::index_t rows, svf::index_t cols, std::uint64_t seed) {
  svf::matrix<T> result(rows, cols);
  svf::random_stream const random(seed);
  for (svf::index_t i = 0; i < result.size(); ++i) {
    result.data()[i] = T(random.normal(std::uint64_t(i)));
  }
  return result;
}

template <class T>
std::vector<T> normal_vector(std::size_t size, std::uint64_t seed) {
  std::vector<T> result(size);
  svf::random_stream const random(seed);
  for (std::size_t i = 0; i < size; ++i) {
    result[i] = T(random.normal(i));
  }
  return result;
}

template <class T>
std::vector<T> uniform_vector(std::size_t size, T low, T high, std::uint64_t seed) {
  std::vector<T> result(size);
  svf::random_stream const random(seed);
  for (std::size_t i = 0; i < size; ++i) {
    result[i] = T(double(low) + (double(high) - double(low)) * random.uniform(i));
  }
  return result;
}

}  // namespace test
