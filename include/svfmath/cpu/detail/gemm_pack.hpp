// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>

#include <svfmath/core/config.hpp>
#include <svfmath/core/view.hpp>
#include <svfmath/cpu/detail/transpose_block.hpp>

namespace svf::cpu::detail {

/// to[p·Width + i] ← source(i, p) for i < source.rows ≤ Width, and 0 for the other i < Width, where
/// the rows of `source` are contiguous.
template <int Width, class S, class T>
void pack_strip(matrix_view<S const> source, T* to) {
  constexpr int block = 4 * sizeof(T) <= config::vector_bytes ? 4 : 2;
  constexpr index_t chunk = 64 / index_t(sizeof(T));  // one cache line of every row at a time
  index_t const whole_rows = source.rows / 2 * 2;
  index_t const whole_cols = source.cols / chunk * chunk;
  for (index_t p = 0; p < whole_cols; p += chunk) {
    S const* const from = source.data + p;
    index_t i = 0;
    for (; i + block <= whole_rows; i += block) {
      for (index_t q = 0; q < chunk; q += block) {
        transpose_block<block>(from + i * source.ld + q, source.ld, to + (p + q) * Width + i,
                               Width);
      }
    }
    if (i < whole_rows) {
      for (index_t q = 0; q < chunk; q += 2) {
        transpose_block<2>(from + i * source.ld + q, source.ld, to + (p + q) * Width + i, Width);
      }
    }
  }
  for (index_t p = 0; p < source.cols; ++p) {
    index_t i = p < whole_cols ? whole_rows : 0;
    for (; i < source.rows; ++i) {
      to[p * Width + i] = source.data[i * source.ld + p];
    }
    std::fill(to + p * Width + i, to + (p + 1) * Width, T(0));
  }
}

/// Strips that are packed together.
inline constexpr index_t strips_at_once = 8;

/// The rows of `source`, in strips of `Width` that follow each other, each as `pack_strip` writes
/// it.
template <int Width, class S, class T>
void pack_strips(matrix_view<S const> source, T* to) {
  if (source.layout == order::row_major) {
    for (index_t i = 0; i < source.rows; i += Width) {
      pack_strip<Width>(source.rows_range(i, std::min<index_t>(Width, source.rows - i)),
                        to + i * source.cols);
    }
    return;
  }
  // Column by column, each read in one go: a strip alone would take part of a cache line of each.
  index_t const whole = source.rows / Width * Width;
  for (index_t p = 0; p < source.cols; ++p) {
    S const* const from = source.data + p * source.ld;
    for (index_t i = 0; i < whole; i += Width) {
      std::copy_n(from + i, Width, to + i * source.cols + p * Width);
    }
    if (whole < source.rows) {
      T* const rest = to + whole * source.cols + p * Width;
      std::fill(std::copy(from + whole, from + source.rows, rest), rest + Width, T(0));
    }
  }
}

}  // namespace svf::cpu::detail
