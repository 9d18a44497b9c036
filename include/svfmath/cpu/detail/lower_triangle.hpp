// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <vector>

#include <svfmath/core/error.hpp>
#include <svfmath/core/view.hpp>
#include <svfmath/cpu/detail/gemm_packed.hpp>
#include <svfmath/cpu/policy.hpp>

/// What goes into the eigensolver: the lower triangle of a symmetric matrix of any order.
namespace svf::cpu::detail {

inline constexpr index_t triangle_tile = 32;

/// The largest |g(i,j)|, i >= j. Throws `error{numeric}` for NaN or Inf.
template <class Exec, class T>
T largest_in_lower(Exec& exec, matrix_view<T const> g) {
  index_t const n = g.rows;
  bool const by_rows = g.layout == order::row_major;
  std::vector<T> largest(std::size_t(ceil_div(n, triangle_tile)), T(0));
  for_each_index(exec, index_t(largest.size()), [&](index_t group) {
    index_t const end = std::min(n, (group + 1) * triangle_tile);
    T most = T(0);
    bool finite = true;
    for (index_t line = group * triangle_tile; line < end; ++line) {
      T const* const from = g.data + line * g.ld;
      for (index_t k = by_rows ? 0 : line; k < (by_rows ? line + 1 : n); ++k) {
        T const size = std::abs(from[k]);
        most = size > most ? size : most;
        finite &= size <= std::numeric_limits<T>::max();
      }
    }
    largest[std::size_t(group)] = finite ? most : std::numeric_limits<T>::infinity();
  });
  T const most = *std::max_element(largest.begin(), largest.end());
  if (!std::isfinite(most)) {
    for (index_t j = 0; j < n; ++j) {
      for (index_t i = j; i < n; ++i) {
        expects(std::isfinite(g(i, j)), error_kind::numeric, "eigh: expected finite elements, got ",
                g(i, j), " at (", i, ",", j, ")");
      }
    }
  }
  return most;
}

/// a(i,j) ← g(i,j)/scale for i > j, d(i) ← g(i,i)/scale. `a` is row-major.
template <class Exec, class T>
void load_lower(Exec& exec, matrix_view<T const> g, T scale, T* d, matrix_view<T> a) {
  index_t const n = g.rows;
  for_each_index(exec, ceil_div(n, triangle_tile), [&](index_t group) {
    index_t const first = group * triangle_tile;
    index_t const end = std::min(n, first + triangle_tile);
    for (index_t left = 0; left < end; left += triangle_tile) {
      for (index_t i = first; i < end; ++i) {
        index_t const right = std::min(i, left + triangle_tile);
        if (g.layout == order::row_major) {
          for (index_t j = left; j < right; ++j) {
            a(i, j) = g.data[i * g.ld + j] / scale;
          }
        } else {
          for (index_t j = left; j < right; ++j) {
            a(i, j) = g.data[j * g.ld + i] / scale;
          }
        }
      }
    }
    for (index_t i = first; i < end; ++i) {
      d[i] = g(i, i) / scale;
    }
  });
}

}  // namespace svf::cpu::detail
