// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <type_traits>

#include <svfmath/core/config.hpp>
#include <svfmath/core/view.hpp>
#include <svfmath/cpu/detail/transpose_block.hpp>
#include <svfmath/cpu/policy.hpp>

namespace svf::cpu::detail {

/// Rows and columns that `map_across` takes at once.
inline constexpr index_t transposing_tile = 16;

/// The `cols` rows of `rows` elements in a tile, as `rows` rows of `cols` elements at `to`.
template <class B>
void store_transposed(B const* tile, index_t rows, index_t cols, B* to, index_t ld) {
  constexpr index_t edge = transposing_tile;
  if constexpr (std::is_floating_point_v<B>) {
    if (rows == edge && cols == edge) {
      constexpr int block = 4 * sizeof(B) <= config::vector_bytes ? 4 : 2;
      for (index_t i = 0; i < edge; i += block) {
        for (index_t j = 0; j < edge; j += block) {
          transpose_block<block>(tile + j * edge + i, edge, to + i * ld + j, ld);
        }
      }
      return;
    }
  }
  for (index_t i = 0; i < rows; ++i) {
    for (index_t j = 0; j < cols; ++j) {
      to[i * ld + j] = tile[j * edge + i];
    }
  }
}

/// b(i,j) ← f(line(j)[i], i, j) for a row-major B, where the columns of B come from lines that are
/// contiguous. In tiles, by way of a small buffer: lines that lie a power of two apart would drive
/// each other out of the cache before all of a cache line is used.
template <class Exec, class Line, class B, class F>
void map_across(Exec& exec, Line&& line, matrix_view<B> b, F&& f) {
  constexpr index_t edge = transposing_tile;
  for_each_index(exec, (b.rows + edge - 1) / edge, [&](index_t group) {
    index_t const top = group * edge;
    index_t const rows = std::min(edge, b.rows - top);
    alignas(64) B tile[edge * edge];
    for (index_t left = 0; left < b.cols; left += edge) {
      index_t const cols = std::min(edge, b.cols - left);
      for (index_t j = 0; j < cols; ++j) {
        auto const* const from = line(left + j) + top;
        for (index_t i = 0; i < rows; ++i) {
          tile[j * edge + i] = static_cast<B>(f(from[i], top + i, left + j));
        }
      }
      store_transposed(tile, rows, cols, b.data + top * b.ld + left, b.ld);
    }
  });
}

/// b(i,j) ← f(a(i,j), i, j) for a row-major B.
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
  map_across(exec, [a](index_t j) { return a.data + j * a.ld; }, b, f);
}

}  // namespace svf::cpu::detail
