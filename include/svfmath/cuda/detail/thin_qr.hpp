// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>

#include <cusolverDn.h>

#include <svfmath/core/config.hpp>
#include <svfmath/core/matrix.hpp>
#include <svfmath/core/view.hpp>
#include <svfmath/cuda/detail/library_types.hpp>
#include <svfmath/cuda/detail/solver_calls.hpp>
#include <svfmath/cuda/detail/solver_memory.hpp>
#include <svfmath/cuda/policy.hpp>

namespace svf::cuda::detail {

/// The sign of the i-th element of the diagonal.
template <class T>
struct diagonal_sign {
  matrix_view<T const, device_space> a;

  SVFMATH_HOST_DEVICE T operator()(index_t i) const { return a(i, i) < T(0) ? T(-1) : T(1); }
};

/// X ← Q of X = QR with diag(R) >= 0, X (m×k) by columns, m >= k >= 1.
template <class T>
void thin_qr(stream_policy& exec, matrix_view<T, device_space> x) {
  index_t const ld = leading_dimension(x, "qr");
  int const m = narrow(x.rows, "cusolverDnXorgqr");
  int const k = narrow(x.cols, "cusolverDnXorgqr");
  int const lda = narrow(ld, "cusolverDnXorgqr");
  auto tau = make_vector<T>(exec, x.cols);
  solver_info info(exec);
  constexpr auto type = library_type<T>::data;
  on_device const here(exec.device());

  std::size_t device_bytes = 0;
  std::size_t host_bytes = 0;
  check(cusolverDnXgeqrf_bufferSize(exec.solver(), exec.solver_options(), x.rows, x.cols, type,
                                    x.data, ld, type, tau.data(), type, &device_bytes, &host_bytes),
        "cusolverDnXgeqrf_bufferSize");
  solver_workspace room(exec, device_bytes, host_bytes);
  check(cusolverDnXgeqrf(exec.solver(), exec.solver_options(), x.rows, x.cols, type, x.data, ld,
                         type, tau.data(), type, room.device.data(), device_bytes, room.host.data(),
                         host_bytes, info.data()),
        "cusolverDnXgeqrf");
  info.expect_success(exec, "cusolverDnXgeqrf", x.rows, x.cols);
  auto signs = make_vector<T>(exec, x.cols);
  transform(exec, signs.view(), diagonal_sign<T>{x});

  int size = 0;
  check(orgqr_size(exec.solver(), m, k, x.data, lda, tau.data(), &size),
        "cusolverDnXorgqr_bufferSize");
  auto work = make_vector<T>(exec, size);
  check(orgqr(exec.solver(), m, k, x.data, lda, tau.data(), work.data(), size, info.data()),
        "cusolverDnXorgqr");
  info.expect_success(exec, "cusolverDnXorgqr", x.rows, x.cols);
  scale_columns(exec, as_const(x), as_const(signs.view()), x);
}

}  // namespace svf::cuda::detail
