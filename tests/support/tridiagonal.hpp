// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <vector>

/// Eigenvalues of symmetric tridiagonal matrices in long double, by nothing that svfmath uses.
namespace test {

using long_vector = std::vector<long double>;

/// How many eigenvalues of tridiag(d, e) are below x: the negative pivots of its LDLᵀ (Sturm).
inline std::size_t eigenvalues_below(long_vector const& d, long_vector const& e, long double x) {
  std::size_t count = 0;
  long double pivot = 1.0L;
  for (std::size_t i = 0; i < d.size(); ++i) {
    long double const before = i == 0 ? 0.0L : e[i - 1] * e[i - 1] / pivot;
    pivot = d[i] - x - before;
    if (pivot == 0.0L) {
      pivot = std::numeric_limits<long double>::min();
    }
    count += pivot < 0.0L ? 1 : 0;
  }
  return count;
}

/// All of them, ascending, each by bisection from Gershgorin's bounds.
inline long_vector eigenvalues_by_bisection(long_vector const& d, long_vector const& e) {
  long double bound = 0.0L;
  for (std::size_t i = 0; i < d.size(); ++i) {
    long double const left = i == 0 ? 0.0L : std::abs(e[i - 1]);
    long double const right = i + 1 == d.size() ? 0.0L : std::abs(e[i]);
    bound = std::max(bound, std::abs(d[i]) + left + right);
  }
  bound = bound * 1.001L + std::numeric_limits<long double>::min();
  long_vector result;
  for (std::size_t i = 0; i < d.size(); ++i) {
    long double low = result.empty() ? -bound : result.back();
    long double high = bound;
    for (int step = 0; step < 75; ++step) {
      long double const middle = low + (high - low) / 2.0L;
      (eigenvalues_below(d, e, middle) > i ? high : low) = middle;
    }
    result.push_back(low);
  }
  return result;
}

}  // namespace test
