// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>

#include <svfmath/core/matrix.hpp>
#include <svfmath/core/view.hpp>
#include <svfmath/cpu/blas.hpp>
#include <svfmath/cpu/detail/padded_rows.hpp>

/// Many Householder reflectors at once, in the compact WY form (Schreiber and Van Loan, "A
/// storage-efficient WY representation for products of Householder transformations", 1989).
namespace svf::cpu::detail {

/// Reflectors that are applied at once: more where X does not fit the caches and each block of them
/// reads it from memory; a block costs 3/4 of its share of n in further flops.
inline constexpr index_t most_reflectors = 128;
constexpr index_t reflectors_at_once(index_t n) { return n < 2048 ? 64 : most_reflectors; }

/// The upper triangular T (b×b) of H_1 … H_b = I − Rᵀ T R, H_i = I − τ_i v_i v_iᵀ, where the v_i
/// are the rows of R, from the lower triangle of R Rᵀ: column k is −τ_k T (v_1 … v_{k−1})ᵀ v_k
/// above τ_k. T comes in with zeros. About b³/3 flops.
template <class T>
[[gnu::noinline]] void wy_factor(matrix_view<T const> inner, T const* tau, matrix_view<T> t) {
  std::array<T, std::size_t(most_reflectors)> column;
  for (index_t k = 0; k < inner.rows; ++k) {
    dot_rows_with(t.data, t.ld, k, &inner(k, 0), padded<T>(k), column.data());
    for (index_t i = 0; i < k; ++i) {
      t(i, k) = -tau[k] * column[std::size_t(i)];
    }
    t(k, k) = tau[k];
  }
}

/// X ← X H_1 … H_{n−1} for the reflectors that `reduce_to_tridiagonal` left in the rows of `v`
/// (n×n) and in `tau` (n): rows of X that are eigenvectors of the tridiagonal matrix become those
/// of the full one. Takes `block` <= `most_reflectors` of them at once. Sets the elements of `v`
/// right of the reflectors to 0. 2n³ flops.
template <class Exec, class T>
void apply_reflectors(Exec& exec, matrix_view<T> v, T const* tau, matrix_view<T> x,
                      index_t block) {
  index_t const n = v.rows;
  matrix<T> inner(block, block);
  matrix<T> t(block, block);
  matrix<T> factored(block, v.ld);  // T R
  matrix<T> along(x.rows, block);   // X Rᵀ
  for (index_t first = 1; first < n; first += block) {
    index_t const count = std::min(block, n - first);
    index_t const size = first + count - 1;  // of the longest reflector
    auto const r = v.block(first, 0, count, size);
    for (index_t i = 0; i < count; ++i) {
      std::fill(&r(i, 0) + first + i, &r(i, 0) + size, T(0));
    }
    auto const products = inner.view().block(0, 0, count, count);
    seq here;
    gemm_packed<seq, T>(here, T(1), r, transposed(as_const(r)), T(0), products, region::lower);
    std::fill_n(t.data(), t.size(), T(0));
    wy_factor(as_const(products), tau + first, t.view());
    auto const left = factored.view().block(0, 0, count, size);
    gemm(exec, T(1), as_const(t.view().block(0, 0, count, count)), as_const(r), T(0), left);
    auto const inside = along.view().cols_range(0, count);
    auto const target = x.cols_range(0, size);
    gemm(exec, T(1), as_const(target), transposed(as_const(r)), T(0), inside);
    gemm(exec, T(-1), as_const(inside), as_const(left), T(1), target);
  }
}

}  // namespace svf::cpu::detail
