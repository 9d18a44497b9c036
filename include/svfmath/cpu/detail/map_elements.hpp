// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>

#include <svfmath/core/view.hpp>
#include <svfmath/cpu/policy.hpp>

namespace svf::cpu::detail {

/// b(i,j) ← f(a(i,j), i, j) for a row-major B. Along the rows of both, or in square tiles where A
/// lies the other way: then its lines stay in the cache until all of a line is used.
template <class Exec, class A, class B, class F>
void map_by_rows(Exec& exec, matrix_view<A> a, matrix_view<B> b, F&& f) {
  if (a.layout == order::row_major) {
    for_each_index(exec, b.rows, [&](index_t i) {
      A* const from = a.data + i * a.ld;
      B* const to = b.data + i * b.ld;
      for (index_t j = 0; j < b.cols; ++j) {
        to[j] = static_cast<B>(f(from[j], i, j));
      }
    });
    return;
  }
  constexpr index_t tile = 32;
  for_each_index(exec, (b.rows + tile - 1) / tile, [&](index_t group) {
    index_t const end = std::min(b.rows, (group + 1) * tile);
    for (index_t left = 0; left < b.cols; left += tile) {
      index_t const right = std::min(b.cols, left + tile);
      for (index_t i = group * tile; i < end; ++i) {
        A* const from = a.data + i;
        B* const to = b.data + i * b.ld;
        for (index_t j = left; j < right; ++j) {
          to[j] = static_cast<B>(f(from[j * a.ld], i, j));
        }
      }
    }
  });
}

}  // namespace svf::cpu::detail
