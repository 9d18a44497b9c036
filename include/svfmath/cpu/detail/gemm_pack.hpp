// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstring>

#include <svfmath/core/view.hpp>
#include <svfmath/cpu/detail/gemm_kernel.hpp>

namespace svf::cpu::detail {

/// Writes the 4×4 block whose rows start at `from` + i·step as its transpose.
[[gnu::always_inline]] inline void transpose_block(float const* from, index_t step, float* to,
                                                   index_t to_step) {
  using quad [[gnu::vector_size(16)]] = float;
  quad const a = load<quad>(from);
  quad const b = load<quad>(from + step);
  quad const c = load<quad>(from + 2 * step);
  quad const d = load<quad>(from + 3 * step);
  quad const ab_low = __builtin_shufflevector(a, b, 0, 4, 1, 5);
  quad const ab_high = __builtin_shufflevector(a, b, 2, 6, 3, 7);
  quad const cd_low = __builtin_shufflevector(c, d, 0, 4, 1, 5);
  quad const cd_high = __builtin_shufflevector(c, d, 2, 6, 3, 7);
  store(to, quad(__builtin_shufflevector(ab_low, cd_low, 0, 1, 4, 5)));
  store(to + to_step, quad(__builtin_shufflevector(ab_low, cd_low, 2, 3, 6, 7)));
  store(to + 2 * to_step, quad(__builtin_shufflevector(ab_high, cd_high, 0, 1, 4, 5)));
  store(to + 3 * to_step, quad(__builtin_shufflevector(ab_high, cd_high, 2, 3, 6, 7)));
}

/// The same for a 2×2 block of doubles.
[[gnu::always_inline]] inline void transpose_block(double const* from, index_t step, double* to,
                                                   index_t to_step) {
  using pair [[gnu::vector_size(16)]] = double;
  pair const a = load<pair>(from);
  pair const b = load<pair>(from + step);
  store(to, pair(__builtin_shufflevector(a, b, 0, 2)));
  store(to + to_step, pair(__builtin_shufflevector(a, b, 1, 3)));
}

/// to[p·Width + i] ← source(i, p) for i < source.rows ≤ Width, and 0 for the other i < Width.
template <int Width, class T>
void pack_strip(matrix_view<T const> source, T* to) {
  if (source.layout == order::col_major) {
    for (index_t p = 0; p < source.cols; ++p, to += Width) {
      T const* const from = source.data + p * source.ld;
      if (source.rows == Width) {
        std::memcpy(to, from, Width * sizeof(T));
      } else {
        std::fill(std::copy(from, from + source.rows, to), to + Width, T(0));
      }
    }
    return;
  }
  constexpr index_t block = 16 / index_t(sizeof(T));
  constexpr index_t chunk = 64 / index_t(sizeof(T));  // one cache line of every row at a time
  index_t const whole_rows = source.rows / block * block;
  index_t const whole_cols = source.cols / chunk * chunk;
  for (index_t p = 0; p < whole_cols; p += chunk) {
    for (index_t i = 0; i < whole_rows; i += block) {
      T const* const from = source.data + i * source.ld + p;
      for (index_t q = 0; q < chunk; q += block) {
        transpose_block(from + q, source.ld, to + (p + q) * Width + i, Width);
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

}  // namespace svf::cpu::detail
