// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <type_traits>
#include <utility>

#include <svfmath/core/error.hpp>
#include <svfmath/core/view.hpp>
#include <svfmath/cpu/detail/gemm_dot.hpp>
#include <svfmath/cpu/detail/gemm_packed.hpp>
#include <svfmath/cpu/policy.hpp>

namespace svf::cpu {

namespace detail {

/// Products of fewer multiplications are not worth waking other threads for.
inline constexpr double sequential_below = 1 << 18;

/// The same view with row-major order, given that its rows are contiguous in memory.
template <class T>
bool has_contiguous_rows(matrix_view<T> a) {
  return a.col_stride() == 1 || a.cols == 1;
}
template <class T>
matrix_view<T> as_row_major(matrix_view<T> a) {
  return {a.data, a.rows, a.cols, a.row_stride()};
}

/// C ← β C, the product for k = 0.
template <class T>
void scale_or_clear(T beta, matrix_view<T> c) {
  for (index_t i = 0; i < c.rows; ++i) {
    for (index_t j = 0; j < c.cols; ++j) {
      c(i, j) = beta == T(0) ? T(0) : beta * c(i, j);
    }
  }
}

/// C ← α A B + β C, by the way that suits the shape. The choice sees extents and strides only.
template <class Exec, class T>
void multiply(Exec& exec, T alpha, matrix_view<T const> a, matrix_view<T const> b, T beta,
              matrix_view<T> c) {
  // A dot product ends with adding lanes, which only a long sum makes up for.
  index_t const few = a.cols >= 16 * gemm_blocking<T>::lanes ? 64 : 4;
  bool const narrow = c.cols < c.rows && c.cols < gemm_blocking<T>::cols / 2;
  if (narrow || (c.layout == order::col_major && c.cols > few)) {
    std::swap(a, b);
    a = transposed(a);
    b = transposed(b);
    c = transposed(c);
  }
  if (c.rows <= few && has_contiguous_rows(a) && has_contiguous_rows(transposed(b))) {
    gemm_dot<Exec, T>(exec, alpha, as_row_major(a), as_row_major(transposed(b)), beta, c);
  } else if (c.rows == 1 && has_contiguous_rows(b)) {
    gemm_row<Exec, T>(exec, alpha, a.row(0), as_row_major(b), beta, c.row(0));
  } else {
    gemm_packed<Exec, T>(exec, alpha, a, b, beta, c, region::whole);
  }
}

/// Throws `error{shape}` unless C is what A B is.
template <class A, class B, class C>
void expect_product(matrix_view<A> a, matrix_view<B> b, matrix_view<C> c) {
  bool const fits = a.rows == c.rows && b.cols == c.cols && a.cols == b.rows;
  expects(fits && c.rows >= 0 && c.cols >= 0 && a.cols >= 0, error_kind::shape,
          "gemm: expected (m,k)(k,n)->(m,n), got (", a.rows, ",", a.cols, ")(", b.rows, ",", b.cols,
          ")->(", c.rows, ",", c.cols, ")");
}

}  // namespace detail

/// C ← α A B + β C with A (m×k), B (k×n), C (m×n), any orders; pass `transposed(a)` for Aᵀ.
/// β = 0 overwrites C even where it holds NaN; k = 0 leaves β C. C must not overlap A or B.
/// Throws `error{shape}`. 2mnk flops. The same bits on any number of threads, and allocates nothing
/// for operands that fit 32 KiB once they are padded to whole tiles of the kernel.
template <policy Exec, class T>
void gemm(Exec& exec, std::type_identity_t<T> alpha,
          std::type_identity_t<matrix_view<T const>> a,
          std::type_identity_t<matrix_view<T const>> b, std::type_identity_t<T> beta,
          matrix_view<T> c) {
  static_assert(std::is_floating_point_v<T>, "the CPU policies multiply float and double");
  detail::expect_product(a, b, c);
  if (c.rows == 0 || c.cols == 0) {
    return;
  }
  if (a.cols == 0) {
    detail::scale_or_clear<T>(beta, c);
  } else if (double(c.rows) * double(c.cols) * double(a.cols) < detail::sequential_below) {
    seq here;
    detail::multiply<seq, T>(here, alpha, a, b, beta, c);
  } else {
    detail::multiply<Exec, T>(exec, alpha, a, b, beta, c);
  }
}

/// The same for a B in float, which is read as double and not copied.
template <policy Exec>
void gemm(Exec& exec, double alpha, matrix_view<double const> a, matrix_view<float const> b,
          double beta, matrix_view<double> c) {
  detail::expect_product(a, b, c);
  if (a.cols == 0) {
    detail::scale_or_clear(beta, c);
  } else if (c.size() > 0) {
    detail::gemm_packed<Exec, double, double, float>(exec, alpha, a, b, beta, c,
                                                     detail::region::whole);
  }
}

namespace detail {

template <class Exec, class A, class T>
void gram_of(Exec& exec, matrix_view<A const> a, matrix_view<T> g) {
  expects(g.rows == a.cols && g.cols == a.cols && a.rows >= 0 && a.cols >= 0, error_kind::shape,
          "gram: expected G ", a.cols, "x", a.cols, ", got ", g.rows, "x", g.cols);
  if (a.size() == 0) {
    scale_or_clear<T>(T(0), g);
    return;
  }
  if (g.layout == order::col_major) {
    g = transposed(g);
  }
  gemm_packed<Exec, T, A, A>(exec, T(1), transposed(a), a, T(0), g, region::lower);
  constexpr index_t tile = 64;
  for_each_index(exec, ceil_div(g.rows, tile), [&](index_t index) {
    index_t const first = index * tile;
    for (index_t j = 0; j < std::min(g.cols, first + tile); ++j) {
      for (index_t i = std::max(first, j + 1); i < std::min(g.rows, first + tile); ++i) {
        g(j, i) = g(i, j);
      }
    }
  });
}

}  // namespace detail

/// G ← AᵀA with A (m×n), G (n×n), exactly symmetric. G must not overlap A. Throws `error{shape}`.
/// About mn² flops. The same bits on any number of threads.
template <policy Exec, class T>
void gram(Exec& exec, std::type_identity_t<matrix_view<T const>> a, matrix_view<T> g) {
  detail::gram_of(exec, a, g);
}

/// The same for an A in float, which is read as double and not copied.
template <policy Exec>
void gram(Exec& exec, matrix_view<float const> a, matrix_view<double> g) {
  detail::gram_of(exec, a, g);
}

}  // namespace svf::cpu
