// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <array>
#include <atomic>

#include <svfmath/core/view.hpp>
#include <svfmath/cpu/detail/gemm_kernel.hpp>

namespace svf::cpu::detail {

/// The sum of the `Count` elements at `lanes`, halving the vector each time.
template <class T, int Count>
[[gnu::always_inline]] inline T sum_of_lanes(T const* lanes) {
  if constexpr (Count == 1) {
    return *lanes;
  } else {
    using half [[gnu::vector_size(Count / 2 * sizeof(T))]] = T;
    std::array<T, std::size_t(Count / 2)> sums;
    store(sums.data(), load<half>(lanes) + load<half>(lanes + Count / 2));
    return sum_of_lanes<T, Count / 2>(sums.data());
  }
}

/// C(i, j) ← α Σ_p x(i, p) w(j, p) + β C(i, j) for `Rows` rows of x and `Cols` rows of w. Lane l
/// sums the p ≡ l (mod lanes) upwards, then the lanes are added: an element's bits depend on k
/// alone.
template <class B, int Rows, int Cols, class T>
[[gnu::noinline]] void dot_kernel(index_t k, T const* x, index_t ldx, T const* w, index_t ldw,
                                  T alpha, T beta, matrix_view<T> c) {
  using vector = typename B::vector;
  vector sum[Rows][Cols] = {};
  index_t p = 0;
  for (; p + B::lanes <= k; p += B::lanes) {
    vector left[Rows];
    vector right[Cols];
#pragma GCC unroll 4
    for (int i = 0; i < Rows; ++i) {
      left[i] = load<vector>(x + i * ldx + p);
    }
#pragma GCC unroll 4
    for (int j = 0; j < Cols; ++j) {
      right[j] = load<vector>(w + j * ldw + p);
    }
    // GCC 12 would otherwise read the operands again for every product.
    std::atomic_signal_fence(std::memory_order_seq_cst);
#pragma GCC unroll 4
    for (int i = 0; i < Rows; ++i) {
#pragma GCC unroll 4
      for (int j = 0; j < Cols; ++j) {
        sum[i][j] += left[i] * right[j];
      }
    }
  }
  alignas(vector) std::array<T, std::size_t(Rows * Cols * B::lanes)> lanes;
#pragma GCC unroll 4
  for (int i = 0; i < Rows; ++i) {
#pragma GCC unroll 4
    for (int j = 0; j < Cols; ++j) {
      store(lanes.data() + (i * Cols + j) * B::lanes, sum[i][j]);
    }
  }
  for (int i = 0; i < Rows; ++i) {
    for (int j = 0; j < Cols; ++j) {
      T* const lane = lanes.data() + (i * Cols + j) * B::lanes;
      for (index_t q = p; q < k; ++q) {
        lane[q - p] += x[i * ldx + q] * w[j * ldw + q];
      }
      T const value = alpha * sum_of_lanes<T, int(B::lanes)>(lane);
      T& to = c(i, j);
      to = beta == T(0) ? value : value + beta * to;
    }
  }
}

/// `dot_kernel` for the rows of x from i on, `Rows` at a time, then what is left in halves.
template <class B, int Rows, int Cols, class T>
void dot_rows(matrix_view<T const> x, index_t i, T const* w, index_t ldw, T alpha, T beta,
              matrix_view<T> c) {
  for (; i + Rows <= x.rows; i += Rows) {
    dot_kernel<B, Rows, Cols>(x.cols, x.data + i * x.ld, x.ld, w, ldw, alpha, beta,
                              c.block(i, 0, Rows, Cols));
  }
  if constexpr (Rows > 1) {
    dot_rows<B, Rows / 2, Cols>(x, i, w, ldw, alpha, beta, c);
  }
}

/// C ← α X Wᵀ + β C for row-major X (m×k) and W (n×k), C of any order: nothing is packed and W is
/// read once, which is what few rows of X want.
template <class Exec, class T>
void gemm_dot(Exec& exec, T alpha, matrix_view<T const> x, matrix_view<T const> w, T beta,
              matrix_view<T> c) {
  using blocking = gemm_blocking<T>;
  constexpr int cols = 4;
  constexpr int rows = blocking::rows / 3;
  constexpr index_t piece = 8 * cols;
  for_each_index(exec, (w.rows + piece - 1) / piece, [&](index_t index) {
    index_t const end = std::min(w.rows, (index + 1) * piece);
    index_t j = index * piece;
    for (; j + cols <= end; j += cols) {
      dot_rows<blocking, rows, cols>(x, 0, w.data + j * w.ld, w.ld, alpha, beta,
                                     c.block(0, j, c.rows, cols));
    }
    for (; j < end; ++j) {
      dot_rows<blocking, rows, 1>(x, 0, w.data + j * w.ld, w.ld, alpha, beta,
                                  c.block(0, j, c.rows, 1));
    }
  });
}

/// sum(j) ← sum(j) + Σ_i x(p+i) b(i, j) for i < `Rows`, j < count.
template <class V, int Rows, class T>
void add_rows(vector_view<T const> x, index_t p, T const* b, index_t ldb, index_t count, T* sum) {
  constexpr index_t lanes = index_t(sizeof(V) / sizeof(T));
  index_t j = 0;
  for (; j + lanes <= count; j += lanes) {
    V value = load<V>(sum + j);
#pragma GCC unroll 4
    for (int i = 0; i < Rows; ++i) {
      value += x[p + i] * load<V>(b + i * ldb + j);
    }
    store(sum + j, value);
  }
  for (; j < count; ++j) {
    for (int i = 0; i < Rows; ++i) {
      sum[j] += x[p + i] * b[i * ldb + j];
    }
  }
}

/// y ← α sum + β y. One copy for every policy: inlined into callers, the multiplications and the
/// addition may be fused differently, and bits would differ.
template <class T>
[[gnu::noinline]] void finish_row(T alpha, T const* sum, T beta, vector_view<T> y) {
  for (index_t j = 0; j < y.size; ++j) {
    T const value = alpha * sum[j];
    y[j] = beta == T(0) ? value : value + beta * y[j];
  }
}

/// y ← α xᵀ B + β y for row-major B (k×n): B is read once, along its rows.
template <class Exec, class T>
void gemm_row(Exec& exec, T alpha, vector_view<T const> x, matrix_view<T const> b, T beta,
              vector_view<T> y) {
  constexpr index_t piece = 256;
  for_each_index(exec, (b.cols + piece - 1) / piece, [&](index_t index) {
    index_t const first = index * piece;
    index_t const count = std::min(piece, b.cols - first);
    alignas(64) std::array<T, std::size_t(piece)> sums{};
    T* const sum = sums.data();
    index_t p = 0;
    for (; p + 4 <= b.rows; p += 4) {
      add_rows<typename gemm_blocking<T>::vector, 4>(x, p, b.data + p * b.ld + first, b.ld, count,
                                                     sum);
    }
    for (; p < b.rows; ++p) {
      add_rows<typename gemm_blocking<T>::vector, 1>(x, p, b.data + p * b.ld + first, b.ld, count,
                                                     sum);
    }
    finish_row(alpha, sum, beta, vector_view<T>(&y[first], count, y.stride));
  });
}

}  // namespace svf::cpu::detail
