// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <type_traits>

#include <thrust/for_each.h>
#include <thrust/iterator/counting_iterator.h>
#include <thrust/transform_reduce.h>

#include <svfmath/core/concepts.hpp>
#include <svfmath/core/detail/function_objects.hpp>
#include <svfmath/core/error.hpp>
#include <svfmath/core/transfer.hpp>
#include <svfmath/core/view.hpp>
#include <svfmath/cuda/detail/column_sums.cuh>
#include <svfmath/cuda/detail/elements.cuh>
#include <svfmath/cuda/detail/packs.cuh>
#include <svfmath/cuda/detail/pending.hpp>
#include <svfmath/cuda/detail/row_reduction.cuh>
#include <svfmath/cuda/detail/scale_packs.cuh>
#include <svfmath/cuda/detail/thrust_policy.cuh>
#include <svfmath/cuda/memory.hpp>
#include <svfmath/cuda/policy.hpp>

/// Element-wise primitives and sums. All throw `error{backend}` for what CUDA refuses, and all but
/// `reduce` are in the order of the stream.
namespace svf::cuda {

namespace detail {

/// Where no product follows.
using nothing_next = matrix_view<float const, device_space>;

/// B(i,j) ← A(i,j) · f(j), and one block runs `check`.
template <class A, class F, class B, class Check = no_check, class Next = nothing_next>
void scale_columns_by(stream_policy& exec, matrix_view<A, device_space> a, F const& f,
                      matrix_view<B, device_space> b, Check const& check = {},
                      Next const& next = {}) {
  auto const at = transposed(a);
  auto const bt = transposed(b);
  if (fits_scale(a, b)) {
    scale_packs(exec, a, b, column_factors<F>{f}, check, next);
    return;
  }
  if (fits_scale(at, bt)) {
    scale_packs(exec, at, bt, row_factors<F>{f}, check, next);
    return;
  }
  run_check(exec, check);
  if (b.layout == order::row_major) {
    for_each_element(exec, b.rows, b.cols, scale_element<false, A, F, B>{a, f, b});
  } else {
    for_each_element(exec, b.cols, b.rows, scale_element<true, A, F, B>{at, f, bt});
  }
}

}  // namespace detail

/// B(i,j) ← A(i,j), converted: the part of `copy` that changes type or order.
template <class A, class B>
void copy_elements(stream_policy& exec, matrix_view<A, device_space> a,
                   matrix_view<B, device_space> b) {
  if (b.layout == order::col_major) {
    a = transposed(a);
    b = transposed(b);
  }
  using value = std::remove_const_t<A>;
  if constexpr (weight_scalar<value> && weight_scalar<B>) {
    if (b.size() > 0 && detail::fits_packs(a, b) && detail::fits_grid(b)) {
      detail::map_packs(exec, a, b, detail::same_value<value>());
      return;
    }
  }
  detail::for_each_element(exec, b.rows, b.cols, detail::assign_element<A, B>{a, b});
}

/// B(i,j) ← A(i,j) · d(j): the product A diag(d). A and B may be the same. `next`, if any, is the
/// matrix that a product after it reads: where A has few rows, the first columns of `next` are
/// fetched meanwhile. Throws `error{shape}`.
template <class A, class D, class B, class Next = detail::nothing_next>
void scale_columns(stream_policy& exec, matrix_view<A, device_space> a,
                   vector_view<D, device_space> d, matrix_view<B, device_space> b,
                   Next const& next = {}) {
  expects(a.rows == b.rows && a.cols == b.cols && d.size == a.cols, error_kind::shape,
          "scale_columns: expected A m x n, d n, B m x n, got ", a.rows, "x", a.cols, ", ", d.size,
          ", ", b.rows, "x", b.cols);
  detail::scale_columns_by(exec, a, svf::detail::element<D, device_space>{d}, b,
                           detail::no_check(), next);
}

/// B(i,j) ← d(i) · A(i,j): the product diag(d) A. A and B may be the same. Throws `error{shape}`.
template <class D, class A, class B>
void scale_rows(stream_policy& exec, vector_view<D, device_space> d, matrix_view<A, device_space> a,
                matrix_view<B, device_space> b) {
  scale_columns(exec, transposed(a), d, transposed(b));
}

/// B(i,j) ← A(i,j) · D(rows(i),j), where rows(i) is a row of D. A and B may be the same; `next` as
/// for `scale_columns`. Throws `error{shape}`.
template <class A, class D, class B, class Next = detail::nothing_next>
void scale_selected(stream_policy& exec, matrix_view<A, device_space> a,
                    matrix_view<D, device_space> d, vector_view<index_t const, device_space> rows,
                    matrix_view<B, device_space> b, Next const& next = {}) {
  expects(a.rows == b.rows && a.cols == b.cols && d.cols == a.cols && rows.size == a.rows,
          error_kind::shape, "scale_selected: expected A m x n, D k x n, m rows, B m x n, got ",
          a.rows, "x", a.cols, ", ", d.rows, "x", d.cols, ", ", rows.size, ", ", b.rows, "x",
          b.cols);
  if (a.size() == 0) {
    return;
  }
  if (detail::fits_scale(a, b) && detail::has_packs<detail::pack_size<A, B>>(d)) {
    detail::scale_packs(exec, a, b, detail::selected_factors<D>{d, rows}, detail::no_check(),
                        next);
  } else {
    detail::for_each_element(exec, b.rows, b.cols,
                             detail::scale_by_selection<A, D, B>{a, d, rows, b});
  }
}

/// C ← β C, zero for β = 0 even where C holds NaN.
template <class W, class T>
void scale_elements(stream_policy& exec, W beta, matrix_view<T, device_space> c) {
  if (c.layout == order::col_major) {
    c = transposed(c);
  }
  detail::for_each_element(exec, c.rows, c.cols, detail::scale_or_clear<W, T>{beta, c});
}

/// G(j,i) ← G(i,j) for i > j.
template <class T>
void mirror_lower(stream_policy& exec, matrix_view<T, device_space> g) {
  detail::for_each_element(exec, g.rows, g.cols, detail::mirror_element<T>{g});
}

/// d(j) ← Σ_i A(i,j)·B(i,j): the diagonal of AᵀB, summed in double in an order that depends on the
/// extents alone. Throws `error{shape}`.
template <class A, class B, class D>
void column_dots(stream_policy& exec, matrix_view<A, device_space> a,
                 matrix_view<B, device_space> b, vector_view<D, device_space> d) {
  expects(a.rows == b.rows && a.cols == b.cols && d.size == a.cols, error_kind::shape,
          "column_dots: expected A and B m x n and d n, got ", a.rows, "x", a.cols, ", ", b.rows,
          "x", b.cols, " and ", d.size);
  detail::launch_column_dots(exec, a, b, d);
}

/// B(j,:) ← A(rows(j),:), with the row numbers on the host. B must not overlap A.
/// Throws `error{shape}`.
template <class A, class B>
void gather_rows(stream_policy& exec, matrix_view<A, device_space> a,
                 vector_view<index_t const> rows, matrix_view<B, device_space> b) {
  expects(b.rows == rows.size && a.cols == b.cols, error_kind::shape, "gather_rows: expected B ",
          rows.size, "x", a.cols, ", got ", b.rows, "x", b.cols);
  auto const numbers = vector_on(exec, rows);
  detail::for_each_element(exec, b.rows, b.cols,
                           detail::gather_element<A, B>{a, numbers.view(), b});
}

/// B(j,:) ← factors(j) · A(rows(j),:), with the rows and factors on the host. B must not overlap A.
/// Throws `error{shape}`.
template <class A, class F, class B>
void gather_rows(stream_policy& exec, matrix_view<A, device_space> a,
                 vector_view<index_t const> rows, vector_view<F> factors,
                 matrix_view<B, device_space> b) {
  expects(b.rows == rows.size && b.rows == factors.size && a.cols == b.cols, error_kind::shape,
          "gather_rows: expected as many factors as rows and B ", rows.size, "x", a.cols, ", got ",
          factors.size, " and ", b.rows, "x", b.cols);
  auto const numbers = vector_on(exec, rows);
  auto const there = vector_on(exec, factors);
  using factor = std::remove_const_t<F>;
  detail::for_each_element(
      exec, b.rows, b.cols,
      detail::gather_scaled_element<A, factor, B>{a, numbers.view(), there.view(), b});
}

/// out(i) ← f(i) for i in [0, size). F is a function object that device code can call.
template <class T, class F>
void transform(stream_policy& exec, vector_view<T, device_space> out, F f) {
  detail::with_thrust(exec, "thrust::for_each_n", [&](auto const& policy) {
    thrust::for_each_n(policy, thrust::counting_iterator<index_t>(0), out.size,
                       detail::assign_result<T, F>{out, f});
  });
}

/// out(i) ← combine(… combine(init, f(i,0)) …, f(i,cols−1)) in an order that depends on `cols`
/// and on whether there is one row, with `combine`, `init`, F and Combine as for `reduce`.
template <class T, class F, class Combine>
void reduce_rows(stream_policy& exec, vector_view<T, device_space> out, index_t cols, T init, F f,
                 Combine combine) {
  detail::launch_reduce_rows(exec, out, cols, init, f, combine);
}

/// combine(… combine(init, f(0)) …, f(count−1)) in an order that depends on `count` and the device
/// alone. `combine` must be associative up to rounding, `init` its neutral element. F and Combine
/// are function objects that device code can call. Waits for the result.
template <class T, class F, class Combine>
T reduce(stream_policy& exec, index_t count, T init, F f, Combine combine) {
  T result = init;
  detail::with_thrust(exec, "thrust::transform_reduce", [&](auto const& policy) {
    result = thrust::transform_reduce(policy, thrust::counting_iterator<index_t>(0),
                                      thrust::counting_iterator<index_t>(count),
                                      detail::converted_result<T, F>{f}, init, combine);
  });
  return result;
}

/// `reduce`, whose result may be asked for later, by `get()`: until then the host can put more work
/// into the stream. By one block, for few elements.
template <class T, class F, class Combine>
pending<T> begin_reduce(stream_policy& exec, index_t count, T init, F f, Combine combine) {
  pending<T> result(exec);
  detail::launch_reduce_rows(exec, vector_view<T, device_space>(result.place(), 1), count, init,
                             detail::ignore_row<F>{f}, combine);
  result.launched();
  return result;
}

/// B(i,j) ← A(i,j) · f(j) for a function object f that device code can call. `get()` of what it
/// returns is the first j where f(j) is NaN or infinite, or the number of columns. A and B may be
/// the same. Throws `error{shape}`.
template <class A, class F, class B>
pending<index_t> begin_scale_columns(stream_policy& exec, matrix_view<A, device_space> a, F f,
                                     matrix_view<B, device_space> b) {
  expects(a.rows == b.rows && a.cols == b.cols, error_kind::shape,
          "begin_scale_columns: expected A and B m x n, got ", a.rows, "x", a.cols, " and ", b.rows,
          "x", b.cols);
  pending<index_t> first_bad(exec);
  detail::first_not_finite<F> const check{f, a.cols, first_bad.place()};
  detail::scale_columns_by(exec, a, f, b, check);
  first_bad.launched();
  return first_bad;
}

/// body(exec, i) for every i in [0, count): problems that have nothing to do with each other.
template <class Body>
void for_each_problem(stream_policy& exec, index_t count, Body&& body) {
  for (index_t i = 0; i < count; ++i) {
    body(exec, i);
  }
}

}  // namespace svf::cuda
