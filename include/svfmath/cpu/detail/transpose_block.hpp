// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <svfmath/core/view.hpp>
#include <svfmath/cpu/detail/gemm_kernel.hpp>

namespace svf::cpu::detail {

/// `Size` elements as elements of T.
template <class T, int Size, class S>
[[gnu::always_inline]] inline auto load_as(S const* from) {
  using source [[gnu::vector_size(Size * sizeof(S))]] = S;
  using result [[gnu::vector_size(Size * sizeof(T))]] = T;
  return __builtin_convertvector(load<source>(from), result);
}

/// Writes the `Size`×`Size` block whose rows start at `from` + i·step as its transpose, converted.
template <int Size, class S, class T>
[[gnu::always_inline]] inline void transpose_block(S const* from, index_t step, T* to,
                                                   index_t to_step) {
  if constexpr (Size == 4) {
    using quad [[gnu::vector_size(4 * sizeof(T))]] = T;
    quad const a = load_as<T, 4>(from);
    quad const b = load_as<T, 4>(from + step);
    quad const c = load_as<T, 4>(from + 2 * step);
    quad const d = load_as<T, 4>(from + 3 * step);
    quad const ab_even = __builtin_shufflevector(a, b, 0, 4, 2, 6);
    quad const ab_odd = __builtin_shufflevector(a, b, 1, 5, 3, 7);
    quad const cd_even = __builtin_shufflevector(c, d, 0, 4, 2, 6);
    quad const cd_odd = __builtin_shufflevector(c, d, 1, 5, 3, 7);
    store(to, quad(__builtin_shufflevector(ab_even, cd_even, 0, 1, 4, 5)));
    store(to + to_step, quad(__builtin_shufflevector(ab_odd, cd_odd, 0, 1, 4, 5)));
    store(to + 2 * to_step, quad(__builtin_shufflevector(ab_even, cd_even, 2, 3, 6, 7)));
    store(to + 3 * to_step, quad(__builtin_shufflevector(ab_odd, cd_odd, 2, 3, 6, 7)));
  } else {
    static_assert(Size == 2);
    using pair [[gnu::vector_size(2 * sizeof(T))]] = T;
    pair const a = load_as<T, 2>(from);
    pair const b = load_as<T, 2>(from + step);
    store(to, pair(__builtin_shufflevector(a, b, 0, 2)));
    store(to + to_step, pair(__builtin_shufflevector(a, b, 1, 3)));
  }
}

}  // namespace svf::cpu::detail
