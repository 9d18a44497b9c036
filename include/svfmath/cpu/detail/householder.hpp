// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cmath>
#include <limits>

#include <svfmath/core/view.hpp>
#include <svfmath/cpu/detail/padded_rows.hpp>

namespace svf::cpu::detail {

/// H = I − τ v vᵀ, symmetric and orthogonal, with H x = β e_last.
template <class T>
struct reflector {
  T beta;
  T tau;
};

/// x (n >= 1, padded with zeros) ← v, with v(n−1) = 1, of the reflector that leaves only the last
/// element of x. Elements so small that their squares lose digits are dropped: that is an error of
/// about 1e-146 (1e-15 in float), so x belongs to a matrix with entries of size about 1.
/// (Golub and Van Loan, "Matrix Computations", 5.1.) About 3n flops.
template <class T>
[[gnu::noinline]] reflector<T> make_reflector(T* x, index_t n) {
  constexpr T negligible = std::numeric_limits<T>::min() / std::numeric_limits<T>::epsilon();
  T const alpha = x[n - 1];
  x[n - 1] = T(0);
  index_t const size = padded<T>(n);
  T const rest = dot(x, x, size);
  if (!(rest > negligible)) {
    std::fill_n(x, n - 1, T(0));
    x[n - 1] = T(1);
    return {alpha, T(0)};
  }
  T const length = std::sqrt(alpha * alpha + rest);
  T const beta = alpha > T(0) ? -length : length;
  T const factor = T(1) / (alpha - beta);
  for (index_t j = 0; j < size; ++j) {
    x[j] *= factor;
  }
  x[n - 1] = T(1);
  return {beta, (beta - alpha) / beta};
}

}  // namespace svf::cpu::detail
