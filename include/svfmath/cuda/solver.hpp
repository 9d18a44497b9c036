// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstddef>
#include <limits>
#include <type_traits>
#include <utility>

#include <cusolverDn.h>

#include <svfmath/core/concepts.hpp>
#include <svfmath/core/detail/square_blocks.hpp>
#include <svfmath/core/error.hpp>
#include <svfmath/core/matrix.hpp>
#include <svfmath/core/view.hpp>
#include <svfmath/cuda/blas.hpp>
#include <svfmath/cuda/detail/eigenvectors.hpp>
#include <svfmath/cuda/detail/library_types.hpp>
#include <svfmath/cuda/detail/solver_memory.hpp>
#include <svfmath/cuda/detail/thin_qr.hpp>
#include <svfmath/cuda/detail/thin_svd.hpp>
#include <svfmath/cuda/policy.hpp>

namespace svf::cuda {

/// Eigenvalues λ (n, ascending) and orthonormal eigenvectors Q (n×n, in columns) of the symmetric
/// G (n×n): G = Q diag(λ) Qᵀ, by cuSOLVER's Xsyevd, whose vectors are checked and where need be
/// made orthonormal again. Reads the lower triangle; Q may be the same view as G. Throws
/// `error{shape}`, `error{backend}`, and `error{numeric}` for NaN or Inf or if the iteration does
/// not converge. ‖QᵀQ − I‖_max is within about nε; the last argument, which backends share, would
/// allow more where it is above 0. About 9n³ flops and 4n² elements of memory; waits for the
/// result. The same bits in every run.
template <class T>
void eigh(stream_policy& exec, std::type_identity_t<matrix_view<T const, device_space>> g,
          vector_view<T, device_space> values, matrix_view<T, device_space> vectors, double = 0.0) {
  expects(
      g.rows == g.cols && values.size == g.rows && vectors.rows == g.rows && vectors.cols == g.rows,
      error_kind::shape, "eigh: expected G n x n, n values and n x n vectors, got ", g.rows, "x",
      g.cols, ", ", values.size, " and ", vectors.rows, "x", vectors.cols);
  index_t const n = g.rows;
  if (n == 0) {
    return;
  }
  int const exponent = detail::safe_exponent<T>(exec, g);
  detail::by_columns<T> q(exec, vectors);
  if (q.view().data != g.data) {
    copy(exec, g, q.view());
  }
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

/// How many matrices of order n (in double) `eigh_batch` is best given at once: what fills the
/// device, and fits half of its free memory with the 4n² doubles and `bytes_beside` that each needs
/// beside itself, where `policies` of this device do so at once. On an H200 b matrices of order
/// 4096 take about 61 (b + 2.5) ms.
inline index_t eigh_batch_size(stream_policy& exec, index_t n, double bytes_beside = 0.0,
                               int policies = 1) {
  if (n == 0) {
    return 1;
  }
  double const each = 5.0 * double(n) * double(n) * sizeof(double) + bytes_beside;
  double const room = 0.5 * double(exec.memory()->available()) / each / policies;
  double const count = double(std::numeric_limits<int>::max()) / (double(n) * double(n));
  double const filling = std::clamp(40.0 * 4096.0 / double(n), 1.0, 256.0);
  return std::max<index_t>(1, index_t(std::min({room, count, filling})));
}

/// Eigenvectors of b symmetric matrices G_i (n×n) that lie below each other in g (bn×n, row-major,
/// contiguous): G_i is replaced by Q_iᵀ, one eigenvector a row, in ascending order of the
/// eigenvalues, by cuSOLVER's XsyevBatched, checked as in `eigh`. Throws `error{shape}`,
/// `error{backend}` also for b > 1 and bn² from 2³¹ on, where cuSOLVER ends, and what `eigh`
/// throws; g then holds nothing of use. Waits for the result. The same bits in every run for the
/// same b.
template <class T>
void eigh_batch(stream_policy& exec, matrix_view<T, device_space> g) {
  svf::detail::expect_square_blocks(g);
  index_t const n = g.cols;
  if (g.rows == 0) {
    return;
  }
  index_t const count = g.rows / n;
  if (count == 1) {  // of any order
    auto values = make_vector<T>(exec, n);
    eigh(exec, as_const(transposed(g)), values.view(), transposed(g));
    return;
  }
  static_cast<void>(detail::narrow(g.size(), "eigh_batch"));
  auto const block = [&](index_t i) { return g.rows_range(i * n, n); };
  for (index_t i = 0; i < count; ++i) {
    // The library reads by columns: its lower triangle is the upper one here.
    int const exponent = detail::safe_exponent<T>(exec, transposed(as_const(block(i))));
    if (exponent != 0) {
      detail::scale_by_power(exec, block(i), -exponent);
    }
  }
  auto lambda = make_vector<T>(exec, g.rows);
  constexpr auto type = detail::library_type<T>::data;
  detail::on_device const here(exec.device());
  std::size_t device_bytes = 0;
  std::size_t host_bytes = 0;
  detail::check(cusolverDnXsyevBatched_bufferSize(exec.solver(), exec.solver_options(),
                                                  CUSOLVER_EIG_MODE_VECTOR, CUBLAS_FILL_MODE_LOWER,
                                                  n, type, g.data, n, type, lambda.data(), type,
                                                  &device_bytes, &host_bytes, count),
                "cusolverDnXsyevBatched_bufferSize");
  detail::solver_workspace room(exec, device_bytes, host_bytes);
  detail::solver_info info(exec, count);
  detail::check(
      cusolverDnXsyevBatched(exec.solver(), exec.solver_options(), CUSOLVER_EIG_MODE_VECTOR,
                             CUBLAS_FILL_MODE_LOWER, n, type, g.data, n, type, lambda.data(), type,
                             room.device.data(), device_bytes, room.host.data(), host_bytes,
                             info.data(), count),
      "cusolverDnXsyevBatched");
  info.expect_success(exec, "cusolverDnXsyevBatched", n, n);
  for (index_t i = 0; i < count; ++i) {
    vector_view<T const, device_space> const values(lambda.data() + i * n, n);
    detail::make_orthonormal(exec, values, transposed(block(i)));
  }
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
