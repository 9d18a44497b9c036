// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <utility>

#include <svfmath/core/view.hpp>
#include <svfmath/cpu/detail/gemm_kernel.hpp>

/// Vector operations on rows that start at a cache line and are padded: behind the elements that
/// count they hold zeros (or finite numbers that meet zeros) up to a whole vector. No loop has a
/// remainder, and no policy is a parameter: every thread and policy runs the same machine code.
namespace svf::cpu::detail {

/// `size` rounded up to whole vectors.
template <class T>
constexpr index_t padded(index_t size) {
  constexpr index_t lanes = gemm_blocking<T>::lanes;
  return (size + lanes - 1) / lanes * lanes;
}

/// Distance of rows of `size` elements: an odd number of cache lines, so that elements below each
/// other spread over all sets of a cache.
template <class T>
constexpr index_t padded_stride(index_t size) {
  constexpr index_t line = 64 / index_t(sizeof(T));
  return ((size + line - 1) / line | 1) * line;
}

/// The sum of the lanes of a vector, halving it each time. By shuffles alone: GCC 12 would keep a
/// sum whose parts are read through memory there, in the loop that forms it as well.
template <class T, std::size_t... Half, class V>
[[gnu::always_inline]] inline T sum_of_halves(V v, std::index_sequence<Half...>) {
  constexpr std::size_t half = sizeof...(Half);
  if constexpr (half == 1) {
    return v[0] + v[1];
  } else {
    using part [[gnu::vector_size(half * sizeof(T))]] = T;
    part const sum = part(__builtin_shufflevector(v, v, int(Half)...)) +
                     part(__builtin_shufflevector(v, v, int(Half + half)...));
    return sum_of_halves<T>(sum, std::make_index_sequence<half / 2>{});
  }
}
template <class T>
[[gnu::always_inline]] inline T sum_of_vector(typename gemm_blocking<T>::vector v) {
  return sum_of_halves<T>(v, std::make_index_sequence<std::size_t(gemm_blocking<T>::lanes / 2)>{});
}

/// y ← y + Σ_q c(q) a_q over `Rows` rows a_q = a + q·lda.
template <int Rows, class T>
[[gnu::always_inline]] inline void add_some_rows(T const* c, T const* a, index_t lda, index_t size,
                                                 T* y) {
  using vector = typename gemm_blocking<T>::vector;
  constexpr index_t lanes = gemm_blocking<T>::lanes;
  vector factor[Rows];  // read once: the compiler cannot know that y is not c
#pragma GCC unroll 8
  for (int q = 0; q < Rows; ++q) {
    factor[q] = vector{} + c[q];
  }
  for (index_t j = 0; j < size; j += lanes) {
    vector sum = load<vector>(y + j);
#pragma GCC unroll 8
    for (int q = 0; q < Rows; ++q) {
      sum += factor[q] * load<vector>(a + q * lda + j);
    }
    store(y + j, sum);
  }
}

/// y ← y + Σ_q c(q) a_q over all `count` rows.
template <class T>
[[gnu::noinline]] void add_rows_to(T const* c, index_t count, T const* a, index_t lda, index_t size,
                                   T* y) {
  index_t q = 0;
  for (; q + 8 <= count; q += 8) {
    add_some_rows<8>(c + q, a + q * lda, lda, size, y);
  }
  for (; q + 2 <= count; q += 2) {
    add_some_rows<2>(c + q, a + q * lda, lda, size, y);
  }
  if (q < count) {
    add_some_rows<1>(c + q, a + q * lda, lda, size, y);
  }
}

/// out(q) ← a_qᵀ x for `Rows` rows a_q = a + q·lda.
template <int Rows, class T>
[[gnu::always_inline]] inline void dot_some_rows(T const* a, index_t lda, T const* x, index_t size,
                                                 T* out) {
  using vector = typename gemm_blocking<T>::vector;
  constexpr index_t lanes = gemm_blocking<T>::lanes;
  vector sum[Rows] = {};
  for (index_t j = 0; j < size; j += lanes) {
    vector const right = load<vector>(x + j);
#pragma GCC unroll 8
    for (int q = 0; q < Rows; ++q) {
      sum[q] += load<vector>(a + q * lda + j) * right;
    }
  }
#pragma GCC unroll 8
  for (int q = 0; q < Rows; ++q) {
    out[q] = sum_of_vector<T>(sum[q]);
  }
}

/// out(q) ← a_qᵀ x for all `count` rows.
template <class T>
[[gnu::noinline]] void dot_rows_with(T const* a, index_t lda, index_t count, T const* x,
                                     index_t size, T* out) {
  index_t q = 0;
  for (; q + 8 <= count; q += 8) {
    dot_some_rows<8>(a + q * lda, lda, x, size, out + q);
  }
  for (; q + 2 <= count; q += 2) {
    dot_some_rows<2>(a + q * lda, lda, x, size, out + q);
  }
  if (q < count) {
    dot_some_rows<1>(a + q * lda, lda, x, size, out + q);
  }
}

/// xᵀ y.
template <class T>
T dot(T const* x, T const* y, index_t size) {
  T result;
  dot_rows_with(x, index_t{0}, index_t{1}, y, size, &result);
  return result;
}

}  // namespace svf::cpu::detail
