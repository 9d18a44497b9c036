// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cmath>
#include <limits>

#include <svfmath/core/view.hpp>

/// What a rank-one update diag(d) + ρ z zᵀ leaves as it is: eigenvalues whose z is nearly 0, and
/// one of two that are nearly equal, after a rotation that makes its z 0. (Cuppen, "A divide and
/// conquer method for the symmetric tridiagonal eigenproblem", 1981; the bounds as in Gu and
/// Eisenstat, "A divide-and-conquer algorithm for the symmetric tridiagonal eigenproblem", 1995.)
namespace svf::cpu::detail {

/// Which elements of an eigenvector are not 0: those of the upper half, of both, of the lower half.
enum class support : unsigned char { upper, both, lower };

/// The rows a and b (n elements) of a rotation: (a, b) ← (c a + s b, c b − s a).
template <class T>
[[gnu::noinline]] void rotate_rows(T* a, T* b, index_t n, T c, T s) {
  for (index_t j = 0; j < n; ++j) {
    T const upper = a[j];
    a[j] = c * upper + s * b[j];
    b[j] = c * b[j] - s * upper;
  }
}

/// How many of the n eigenpairs are kept for the secular equation. All arrays have one place for
/// each row: `d` and `z`, and `supports`. `order` lists the rows by ascending d; `kept` ← those
/// that stay, in this order, `dropped` ← the others. Rows of `x` that a rotation joins are rotated.
/// |d| and ρ > 0 are at most 1, the larger of them at least 1/2.
template <class T>
[[gnu::noinline]] index_t deflate(index_t n, T rho, T* d, T* z, support* supports,
                                  index_t const* order, matrix_view<T> x, index_t* kept,
                                  index_t* dropped) {
  constexpr T tolerance = T(8) * std::numeric_limits<T>::epsilon();
  index_t count = 0;
  index_t out = 0;
  for (index_t position = 0; position < n; ++position) {
    index_t const row = order[position];
    if (rho * std::abs(z[row]) <= tolerance) {
      dropped[out++] = row;
      continue;
    }
    if (count > 0) {
      index_t const before = kept[count - 1];
      T const length = std::hypot(z[before], z[row]);
      T const c = z[row] / length;
      T const s = z[before] / length;
      // The element that the rotation brings beside the diagonal.
      if (std::abs((d[row] - d[before]) * c * s) <= tolerance) {
        z[row] = length;
        z[before] = T(0);
        rotate_rows(&x(row, 0), &x(before, 0), x.cols, c, s);
        T const upper = d[before];
        d[before] = upper * c * c + d[row] * s * s;
        d[row] = upper * s * s + d[row] * c * c;
        if (supports[row] != supports[before]) {
          supports[row] = support::both;
        }
        dropped[out++] = before;
        --count;
      }
    }
    kept[count++] = row;
  }
  return count;
}

}  // namespace svf::cpu::detail
