// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <type_traits>

#include <Eigen/Core>

#include <svfmath/core/error.hpp>
#include <svfmath/core/view.hpp>
#include <svfmath/cpu/policy.hpp>

namespace svf::cpu {

namespace detail {

template <class T, int Order>
using eigen_map = Eigen::Map<Eigen::Matrix<T, Eigen::Dynamic, Eigen::Dynamic, Order> const,
                             Eigen::Unaligned, Eigen::OuterStride<>>;
template <class T, int Order>
using mutable_eigen_map = Eigen::Map<Eigen::Matrix<T, Eigen::Dynamic, Eigen::Dynamic, Order>,
                                     Eigen::Unaligned, Eigen::OuterStride<>>;

/// Calls `f` with an Eigen map of the view in its own order.
template <class T, class F>
decltype(auto) with_eigen(matrix_view<T const> a, F&& f) {
  if (a.layout == order::row_major) {
    return f(eigen_map<T, Eigen::RowMajor>(a.data, a.rows, a.cols, Eigen::OuterStride<>(a.ld)));
  }
  return f(eigen_map<T, Eigen::ColMajor>(a.data, a.rows, a.cols, Eigen::OuterStride<>(a.ld)));
}

/// One tile of C ← αAB + βC with row-major C, on the calling thread.
template <class T>
void gemm_tile(T alpha, matrix_view<T const> a, matrix_view<T const> b, T beta,
               matrix_view<T> c) {
  mutable_eigen_map<T, Eigen::RowMajor> out(c.data, c.rows, c.cols, Eigen::OuterStride<>(c.ld));
  if (beta == T(0)) {
    out.setZero();
  } else if (beta != T(1)) {
    out *= beta;
  }
  with_eigen(a, [&](auto const& left) {
    with_eigen(b, [&](auto const& right) { out.noalias() += alpha * left * right; });
  });
}

}  // namespace detail

/// C ← α A B + β C with A (m×k), B (k×n), C (m×n), any orders; pass `transposed(a)` for Aᵀ.
/// β = 0 overwrites C even where it holds NaN. Throws `error{shape}`. 2mnk flops; the same bits
/// on any number of threads.
template <policy Exec, class T>
void gemm(Exec& exec, std::type_identity_t<T> alpha,
          std::type_identity_t<matrix_view<T const>> a,
          std::type_identity_t<matrix_view<T const>> b, std::type_identity_t<T> beta,
          matrix_view<T> c) {
  expects(a.rows == c.rows && b.cols == c.cols && a.cols == b.rows, error_kind::shape,
          "gemm: expected (m,k)(k,n)->(m,n), got (", a.rows, ",", a.cols, ")(", b.rows, ",",
          b.cols, ")->(", c.rows, ",", c.cols, ")");
  if (c.layout == order::col_major) {
    gemm<Exec, T>(exec, alpha, transposed(b), transposed(a), beta, transposed(c));
    return;
  }
  constexpr index_t tile_rows = 128;
  constexpr index_t tile_cols = 512;
  index_t const tiles_down = (c.rows + tile_rows - 1) / tile_rows;
  index_t const tiles_across = (c.cols + tile_cols - 1) / tile_cols;
  for_each_index(exec, tiles_down * tiles_across, [&](index_t tile) {
    index_t const i = tile / tiles_across * tile_rows;
    index_t const j = tile % tiles_across * tile_cols;
    index_t const rows = std::min(tile_rows, c.rows - i);
    index_t const cols = std::min(tile_cols, c.cols - j);
    detail::gemm_tile<T>(alpha, a.rows_range(i, rows), b.cols_range(j, cols), beta,
                         c.block(i, j, rows, cols));
  });
}

/// G ← AᵀA with A (m×n), G (n×n), exactly symmetric. Throws `error{shape}`. About mn² flops.
template <policy Exec, class T>
void gram(Exec& exec, std::type_identity_t<matrix_view<T const>> a, matrix_view<T> g) {
  expects(g.rows == a.cols && g.cols == a.cols, error_kind::shape, "gram: expected G ", a.cols,
          "x", a.cols, ", got ", g.rows, "x", g.cols);
  constexpr index_t tile = 128;
  index_t const n = a.cols;
  index_t const tiles = (n + tile - 1) / tile;
  if (g.layout == order::col_major) {
    g = transposed(g);
  }
  for_each_index(exec, tiles * (tiles + 1) / 2, [&](index_t index) {
    index_t i = 0;
    while ((i + 1) * (i + 2) / 2 <= index) {
      ++i;
    }
    index_t const j = index - i * (i + 1) / 2;
    index_t const rows = std::min(tile, n - i * tile);
    index_t const cols = std::min(tile, n - j * tile);
    auto const block = g.block(i * tile, j * tile, rows, cols);
    detail::gemm_tile<T>(T(1), transposed(a.cols_range(i * tile, rows)),
                         a.cols_range(j * tile, cols), T(0), block);
    for (index_t row = 0; row < rows; ++row) {
      for (index_t col = 0; col < (i == j ? row : cols); ++col) {
        g(j * tile + col, i * tile + row) = block(row, col);
      }
    }
  });
}

}  // namespace svf::cpu
