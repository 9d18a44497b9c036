// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <numeric>
#include <type_traits>
#include <utility>
#include <vector>

#include <cusolverDn.h>

#include <svfmath/core/concepts.hpp>
#include <svfmath/core/config.hpp>
#include <svfmath/core/detail/function_objects.hpp>
#include <svfmath/core/error.hpp>
#include <svfmath/core/matrix.hpp>
#include <svfmath/core/transfer.hpp>
#include <svfmath/core/view.hpp>
#include <svfmath/core/view_conversion.hpp>
#include <svfmath/cuda/blas.hpp>
#include <svfmath/cuda/detail/library_types.hpp>
#include <svfmath/cuda/detail/solver_memory.hpp>
#include <svfmath/cuda/detail/thin_qr.hpp>
#include <svfmath/cuda/detail/thin_svd.hpp>
#include <svfmath/cuda/policy.hpp>

namespace svf::cuda {

namespace detail {

/// max_{j<=i} |a(i,j)|, infinite where one is NaN or infinite.
template <class T>
struct lower_row_magnitude {
  matrix_view<T const, device_space> a;

  SVFMATH_HOST_DEVICE double operator()(index_t i) const {
    double row = 0.0;
    for (index_t j = 0; j <= i; ++j) {
      double const size = std::abs(double(a(i, j)));
      row = size <= double(svf::detail::largest_finite<T>) ? svf::detail::larger()(row, size)
                                                           : svf::detail::infinite;
    }
    return row;
  }
};

/// i where the i-th element, counted row by row, is in the lower triangle and NaN or infinite,
/// otherwise the number of elements.
template <class T>
struct place_if_lower_not_finite {
  matrix_view<T const, device_space> a;

  SVFMATH_HOST_DEVICE index_t operator()(index_t i) const {
    index_t const row = i / a.cols;
    index_t const col = i % a.cols;
    return col > row || std::isfinite(a(row, col)) ? a.size() : i;
  }
};

/// x ← 2^exponent · x.
template <class T>
void scale_by_power(stream_policy& exec, matrix_view<T, device_space> x, int exponent) {
  auto factors = make_vector<T>(exec, x.cols);
  transform(exec, factors.view(), svf::detail::constant<T>{std::ldexp(T(1), exponent)});
  scale_columns(exec, as_const(x), as_const(factors.view()), x);
}

/// Makes the columns of Q (n×n) orthonormal where cuSOLVER left them otherwise, which happens to
/// vectors of eigenvalues that are nothing but rounding: QR of the columns in descending order of
/// |λ| keeps what the others span.
template <class T>
void make_orthonormal(stream_policy& exec, vector_view<T const, device_space> values,
                      matrix_view<T, device_space> q) {
  index_t const n = q.rows;
  auto inner = make_matrix<T>(exec, n, n);
  gram(exec, as_const(q), inner.view());
  double const distance =
      reduce(exec, inner.size(), 0.0,
             svf::detail::distance_from_identity<T, device_space>{inner.view()},
             svf::detail::larger());
  if (distance <= 10.0 * double(n + 10) * double(std::numeric_limits<T>::epsilon())) {
    return;
  }
  std::vector<T> lambda(static_cast<std::size_t>(n));
  copy(exec, values, vector_view<T>(lambda.data(), n));
  std::vector<index_t> order(lambda.size());
  std::iota(order.begin(), order.end(), index_t{0});
  std::stable_sort(order.begin(), order.end(), [&](index_t i, index_t j) {
    return std::abs(lambda[std::size_t(i)]) > std::abs(lambda[std::size_t(j)]);
  });
  std::vector<index_t> place(order.size());
  for (std::size_t k = 0; k < order.size(); ++k) {
    place[std::size_t(order[k])] = index_t(k);
  }
  gather_rows(exec, as_const(transposed(q)), as_vector(std::as_const(order)), inner.view());
  qr(exec, transposed(inner.view()));
  gather_rows(exec, as_const(inner.view()), as_vector(std::as_const(place)), transposed(q));
}

}  // namespace detail

/// Eigenvalues λ (n, ascending) and orthonormal eigenvectors Q (n×n, in columns) of the symmetric
/// G (n×n): G = Q diag(λ) Qᵀ, by cuSOLVER's Xsyevd, whose vectors are checked and where need be
/// made orthonormal again. Reads the lower triangle; Q may be the same view as G. Throws
/// `error{shape}`, `error{backend}`, and `error{numeric}` for NaN or Inf or if the iteration does
/// not converge. About 9n³ flops and 4n² elements of memory; waits for the result. The same bits in
/// every run.
template <class T>
void eigh(stream_policy& exec, std::type_identity_t<matrix_view<T const, device_space>> g,
          vector_view<T, device_space> values, matrix_view<T, device_space> vectors) {
  expects(
      g.rows == g.cols && values.size == g.rows && vectors.rows == g.rows && vectors.cols == g.rows,
      error_kind::shape, "eigh: expected G n x n, n values and n x n vectors, got ", g.rows, "x",
      g.cols, ", ", values.size, " and ", vectors.rows, "x", vectors.cols);
  index_t const n = g.rows;
  if (n == 0) {
    return;
  }
  double const largest =
      reduce(exec, n, 0.0, detail::lower_row_magnitude<T>{g}, svf::detail::larger());
  if (largest == svf::detail::infinite) {
    index_t const bad = reduce(exec, g.size(), g.size(), detail::place_if_lower_not_finite<T>{g},
                               svf::detail::smaller());
    fail(error_kind::numeric, "eigh: expected finite elements, got ",
         svf::detail::value_at(exec, g, bad / n, bad % n), " at (", bad / n, ",", bad % n, ")");
  }
  detail::by_columns<T> q(exec, vectors);
  if (q.view().data != g.data) {
    copy(exec, g, q.view());
  }
  int exponent = 0;  // cuSOLVER wants elements whose squares are normal numbers
  std::frexp(largest, &exponent);
  exponent = std::abs(exponent) > std::numeric_limits<T>::max_exponent / 4 ? exponent : 0;
  if (exponent != 0) {
    detail::scale_by_power(exec, q.view(), -exponent);
  }
  auto lambda = make_vector<T>(exec, n);
  constexpr auto type = detail::library_type<T>::data;
  index_t const ld = detail::leading_dimension(q.view(), "eigh");
  detail::on_device const here(exec.device());
  std::size_t device_bytes = 0;
  std::size_t host_bytes = 0;
  detail::check(
      cusolverDnXsyevd_bufferSize(exec.solver(), exec.solver_options(), CUSOLVER_EIG_MODE_VECTOR,
                                  CUBLAS_FILL_MODE_LOWER, n, type, q.view().data, ld, type,
                                  lambda.data(), type, &device_bytes, &host_bytes),
      "cusolverDnXsyevd_bufferSize");
  detail::solver_workspace room(exec, device_bytes, host_bytes);
  detail::solver_info info(exec);
  detail::check(cusolverDnXsyevd(exec.solver(), exec.solver_options(), CUSOLVER_EIG_MODE_VECTOR,
                                 CUBLAS_FILL_MODE_LOWER, n, type, q.view().data, ld, type,
                                 lambda.data(), type, room.device.data(), device_bytes,
                                 room.host.data(), host_bytes, info.data()),
                "cusolverDnXsyevd");
  info.expect_success(exec, "cusolverDnXsyevd", n, n);
  detail::make_orthonormal(exec, as_const(lambda.view()), q.view());
  if (exponent != 0) {
    detail::scale_by_power(exec, matrix_view<T, device_space>(lambda.data(), 1, n), exponent);
  }
  q.store(exec);
  copy(exec, as_const(lambda.view()), values);
}

/// X ← Q of X = QR with diag(R) >= 0, X (m×k), m >= k: the orthonormal basis nearest to the order
/// of X's columns, by Householder reflections (Xgeqrf, orgqr). Throws `error{shape}`, and
/// `error{backend}` also for m or k from 2³¹ on, where cuSOLVER ends. About 4mk² flops; waits for
/// the result. The same bits in every run.
template <class T>
void qr(stream_policy& exec, matrix_view<T, device_space> x) {
  expects(x.rows >= x.cols, error_kind::shape,
          "qr: expected at least as many rows as columns, got ", x.rows, "x", x.cols);
  if (x.cols == 0) {
    return;
  }
  static_cast<void>(detail::narrow(x.rows, "qr"));
  detail::by_columns<T> q(exec, x);
  if (q.view().data != x.data) {
    copy(exec, as_const(x), q.view());
  }
  detail::thin_qr(exec, q.view());
  q.store(exec);
}

using svf::direct_svd;

/// Thin SVD A = U diag(σ) Vᵀ of A (m×n): U (m×r), σ (r, descending), Vᵀ (r×n), r = min(m,n), in
/// precision T. `jacobi` is cuSOLVER's gesvdj; `divide_and_conquer` its Xgesvd, which iterates QR
/// steps on the bidiagonal where the CPU divides and conquers, with the same accuracy. Throws
/// `error{shape}`, `error{numeric}` if the method fails, and `error{backend}` also where gesvdj,
/// which counts in 32 bits, ends. Waits for the result. The same bits in every run.
template <class T>
void svd(stream_policy& exec, direct_svd method,
         std::type_identity_t<matrix_view<T const, device_space>> a, matrix_view<T, device_space> u,
         vector_view<T, device_space> s, matrix_view<T, device_space> vt) {
  index_t const r = std::min(a.rows, a.cols);
  expects(u.rows == a.rows && u.cols == r && s.size == r && vt.rows == r && vt.cols == a.cols,
          error_kind::shape, "svd: outputs do not fit the thin SVD of a ", a.rows, "x", a.cols,
          " matrix");
  if (r == 0) {
    return;
  }
  if (method == direct_svd::jacobi) {
    static_cast<void>(detail::narrow(a.rows, "svd"));
    static_cast<void>(detail::narrow(a.cols, "svd"));
  }
  if (a.rows < a.cols) {
    svd<T>(exec, method, transposed(a), transposed(vt), s, transposed(u));
    return;
  }
  auto work = make_matrix<T>(exec, a.cols, a.rows);  // Aᵀ by rows is A by columns
  copy(exec, a, transposed(work.view()));
  auto sigma = make_vector<T>(exec, r);
  if (method == direct_svd::jacobi) {
    detail::by_columns<T> left(exec, u);
    detail::by_columns<T> right(exec, transposed(vt));
    detail::jacobi_svd(exec, transposed(work.view()), left.view(), sigma.view(), right.view());
    left.store(exec);
    right.store(exec);
  } else {
    detail::by_columns<T> left(exec, u);
    detail::by_columns<T> right(exec, vt);
    detail::bidiagonal_svd(exec, transposed(work.view()), left.view(), sigma.view(), right.view());
    left.store(exec);
    right.store(exec);
  }
  copy(exec, as_const(sigma.view()), s);
}

}  // namespace svf::cuda
