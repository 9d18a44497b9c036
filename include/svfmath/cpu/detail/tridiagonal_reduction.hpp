// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>

#include <svfmath/core/matrix.hpp>
#include <svfmath/core/view.hpp>
#include <svfmath/cpu/detail/gemm_packed.hpp>
#include <svfmath/cpu/detail/householder.hpp>
#include <svfmath/cpu/detail/padded_rows.hpp>
#include <svfmath/cpu/detail/symmetric_product.hpp>

/// Householder reduction of a symmetric matrix to tridiagonal form in panels (Dongarra, Sorensen
/// and Hammarling, "Block reduction of matrices to condensed forms for eigenvalue computations",
/// 1989), from the last row upwards: what is left to reduce is always the leading block, whose rows
/// start at cache lines. Half of the flops are in products with that block, half in its update by
/// gemm.
namespace svf::cpu::detail {

/// Rows that are reduced before the leading block is updated.
inline constexpr index_t reduction_panel = 32;

/// V and W of one panel, a row for each reflector; the leading block is to lose VᵀW + WᵀV.
template <class T>
class reduction_rows {
 public:
  explicit reduction_rows(index_t ld) : rows_(3 * reduction_panel, ld) {}

  index_t ld() const { return rows_.cols(); }
  T* v(index_t k) { return rows_.data() + k * ld(); }
  T* w(index_t k) { return v(reduction_panel + k); }
  /// V again behind W, so that (V,W) and (W,V) are both one block of rows.
  T* second_v(index_t k) { return v(2 * reduction_panel + k); }
  matrix_view<T const> v_and_w() { return {v(0), 2 * reduction_panel, ld()}; }
  matrix_view<T const> w_and_v() { return {w(0), 2 * reduction_panel, ld()}; }

 private:
  matrix<T> rows_;
};

/// Row i of A and d(i) as they are after the `count` reflectors of the panel so far.
template <class T>
[[gnu::noinline]] void update_row(reduction_rows<T>& panel, index_t count, index_t i, T* row,
                                  T* d) {
  std::array<T, std::size_t(reduction_panel)> from_v;
  std::array<T, std::size_t(reduction_panel)> from_w;
  for (index_t k = 0; k < count; ++k) {
    T const v = panel.v(k)[i];
    T const w = panel.w(k)[i];
    d[i] -= T(2) * v * w;
    from_v[std::size_t(k)] = -w;
    from_w[std::size_t(k)] = -v;
  }
  add_rows_to(from_v.data(), count, panel.v(0), panel.ld(), padded<T>(i), row);
  add_rows_to(from_w.data(), count, panel.w(0), panel.ld(), padded<T>(i), row);
  std::fill(row + i, row + padded<T>(i), T(0));
}

/// w, which is A v for the block A before the panel, becomes the W that belongs to v: A as it is
/// after the `count` reflectors before is applied, and half of v's own part taken off.
template <class T>
[[gnu::noinline]] void finish_w(reduction_rows<T>& panel, index_t count, index_t size, T tau,
                                T const* v, T* w) {
  std::array<T, std::size_t(reduction_panel)> along_v;
  std::array<T, std::size_t(reduction_panel)> along_w;
  dot_rows_with(panel.v(0), panel.ld(), count, v, size, along_v.data());
  dot_rows_with(panel.w(0), panel.ld(), count, v, size, along_w.data());
  for (std::size_t k = 0; k < std::size_t(count); ++k) {
    along_v[k] = -along_v[k];
    along_w[k] = -along_w[k];
  }
  add_rows_to(along_w.data(), count, panel.v(0), panel.ld(), size, w);
  add_rows_to(along_v.data(), count, panel.w(0), panel.ld(), size, w);
  T const half = tau * dot(w, v, size) / T(2);
  for (index_t j = 0; j < size; ++j) {
    w[j] = tau * (w[j] - half * v[j]);
  }
}

/// The leading block A (m×m) ← A − VᵀW − WᵀV: in its lower triangle, the diagonal kept in d.
template <class Exec, class T>
void update_leading_block(Exec& exec, reduction_rows<T>& panel, matrix_view<T> a, T* d) {
  index_t const m = a.rows;
  for (index_t i = 0; i < m; ++i) {
    a(i, i) = d[i];
  }
  gemm_packed<Exec, T>(exec, T(-1), transposed(panel.v_and_w().cols_range(0, m)),
                       panel.w_and_v().cols_range(0, m), T(1), a, region::lower);
  constexpr index_t beyond = gemm_blocking<T>::rows + gemm_blocking<T>::cols;
  for (index_t i = 0; i < m; ++i) {
    d[i] = a(i, i);
    std::fill_n(&a(i, i), std::min(beyond, m - i), T(0));
  }
}

/// A = Q tridiag(d, e) Qᵀ with Q = H_{n−1} … H_1. A (n×n, in padded rows of `padded_stride`)
/// holds the elements below the diagonal and zeros elsewhere, d (n) the diagonal; entries are of
/// size about 1. Row i of A ← v_i of H_i = I − τ_i v_i v_iᵀ, of i elements, the last one 1.
/// e and tau are n long, e(i) belongs to the rows i and i+1. 4n³/3 flops.
template <class Exec, class T>
void reduce_to_tridiagonal(Exec& exec, matrix_view<T> a, T* d, T* e, T* tau) {
  index_t const n = a.rows;
  reduction_rows<T> panel(a.ld);
  matrix<T> partial(most_symmetric_pieces - 1, symmetric_pieces(n) > 1 ? a.ld : 0);
  for (index_t end = n; end > 1; end -= reduction_panel) {
    index_t const begin = std::max<index_t>(end - reduction_panel, 0);
    for (index_t i = end - 1; i >= std::max<index_t>(begin, 1); --i) {
      index_t const k = end - 1 - i;
      T* const v = a.data + i * a.ld;
      T* const w = panel.w(k);
      update_row(panel, k, i, v, d);
      auto const [beta, factor] = make_reflector(v, i);
      e[i - 1] = beta;
      tau[i] = factor;
      std::copy_n(v, padded<T>(i), panel.v(k));
      std::copy_n(v, padded<T>(i), panel.second_v(k));
      symmetric_product(exec, strict_lower<T>{a.data, a.ld}, d, i, v, w, partial.data(), a.ld);
      finish_w(panel, k, padded<T>(i), factor, v, w);
    }
    if (begin > 1) {
      update_leading_block(exec, panel, a.block(0, 0, begin, begin), d);
    } else {
      update_row(panel, end - 1, index_t{0}, a.data, d);
    }
  }
}

}  // namespace svf::cpu::detail
