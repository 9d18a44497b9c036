// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>

#include <svfmath/core/matrix.hpp>
#include <svfmath/core/view.hpp>
#include <svfmath/cpu/detail/gemm_packed.hpp>
#include <svfmath/cpu/detail/padded_rows.hpp>
#include <svfmath/cpu/policy.hpp>

/// Many Householder reflectors at once, in the compact WY form (Schreiber and Van Loan, "A
/// storage-efficient WY representation for products of Householder transformations", 1989).
namespace svf::cpu::detail {

/// Reflectors that are applied at once: more where they are read from memory; a block costs about
/// twice its share of n in further flops.
inline constexpr index_t most_reflectors = 128;
constexpr index_t reflectors_at_once(index_t n) { return n < 2048 ? 48 : most_reflectors; }

/// The upper triangular T (b×b) of H_1 … H_b = I − Rᵀ T R, H_i = I − τ_i v_i v_iᵀ, where the v_i
/// are the rows of R, from the lower triangle of R Rᵀ: column k is −τ_k T (v_1 … v_{k−1})ᵀ v_k
/// above τ_k. T comes in with zeros; both are padded. About b³/3 flops.
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

/// The rows of X (m×n) that a thread takes through all reflectors: about 2^20 elements at most,
/// which stay in the caches meanwhile, and few enough for threads to end at the same time.
template <class Exec, class T>
index_t reflected_rows(Exec& exec, matrix_view<T> x) {
  constexpr index_t strip = gemm_blocking<T>::rows;
  index_t const threads = index_t(exec.threads());
  index_t const shared = threads > 1 ? 4 * threads : 1;
  index_t const panels = ceil_div(ceil_div(x.size(), index_t{1} << 20), shared) * shared;
  return ceil_div(ceil_div(x.rows, panels), strip) * strip;
}

/// X ← X H_1 … H_{n−1} for the reflectors that `reduce_to_tridiagonal` left in the rows of `v`
/// (n×n) and in `tau` (n): rows of X that are eigenvectors of the tridiagonal matrix become those
/// of the full one. Takes `block` <= `most_reflectors` of them at once. Sets the elements of `v`
/// right of the reflectors to 0. 2n³ flops. The same bits on any number of threads.
template <class Exec, class T>
void apply_reflectors(Exec& exec, matrix_view<T> v, T const* tau, matrix_view<T> x,
                      index_t block) {
  index_t const n = v.rows;
  index_t const blocks = ceil_div(n - 1, block);
  matrix<T> factors(blocks * block, padded_stride<T>(block));
  auto const first = [&](index_t b) { return 1 + b * block; };
  auto const reflectors = [&](index_t b) {
    index_t const count = std::min(block, n - first(b));
    return v.block(first(b), 0, count, first(b) + count - 1);
  };
  auto const factor = [&](index_t b) {
    index_t const count = reflectors(b).rows;
    return factors.view().block(b * block, 0, count, count);
  };
  for_each_index(exec, blocks, [&](index_t b) {
    auto const r = reflectors(b);
    for (index_t i = 0; i < r.rows; ++i) {
      std::fill(&r(i, 0) + first(b) + i, &r(i, 0) + r.cols, T(0));
    }
    matrix<T> padded_inner(r.rows, padded_stride<T>(r.rows));
    auto const inner = padded_inner.view().cols_range(0, r.rows);
    seq here;
    gemm_packed<seq, T>(here, T(1), r, transposed(as_const(r)), T(0), inner, region::lower);
    wy_factor(as_const(inner), tau + first(b), factor(b));
  });
  // Of `gemm`'s ways the one whose bits do not depend on how many rows a panel has.
  auto const product = [](T alpha, matrix_view<T const> a, matrix_view<T const> b, T beta,
                          matrix_view<T> c) {
    seq here;
    gemm_packed<seq, T>(here, alpha, a, b, beta, c, region::whole);
  };
  index_t const rows = reflected_rows(exec, x);
  for_each_index(exec, ceil_div(x.rows, rows), [&](index_t p) {
    auto const panel = x.rows_range(p * rows, std::min(rows, x.rows - p * rows));
    matrix<T> along(panel.rows, block);     // X Rᵀ
    matrix<T> factored(panel.rows, block);  // X Rᵀ T
    for (index_t b = 0; b < blocks; ++b) {
      auto const r = as_const(reflectors(b));
      auto const target = panel.cols_range(0, r.cols);
      auto const inside = along.view().cols_range(0, r.rows);
      auto const outside = factored.view().cols_range(0, r.rows);
      product(T(1), as_const(target), transposed(r), T(0), inside);
      product(T(1), as_const(inside), as_const(factor(b)), T(0), outside);
      product(T(-1), as_const(outside), r, T(1), target);
    }
  });
}

}  // namespace svf::cpu::detail
