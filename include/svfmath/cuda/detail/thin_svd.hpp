// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <memory>
#include <type_traits>

#include <cusolverDn.h>

#include <svfmath/core/matrix.hpp>
#include <svfmath/core/view.hpp>
#include <svfmath/cuda/detail/library_types.hpp>
#include <svfmath/cuda/detail/solver_calls.hpp>
#include <svfmath/cuda/detail/solver_memory.hpp>
#include <svfmath/cuda/policy.hpp>

/// Thin SVDs of A (m×n), m >= n >= 1, by columns, which they overwrite: U (m×n) by columns, σ (n,
/// descending).
namespace svf::cuda::detail {

/// By QR steps on the bidiagonal, with Vᵀ (n×n) by columns.
template <class T>
void bidiagonal_svd(stream_policy& exec, matrix_view<T, device_space> a,
                    matrix_view<T, device_space> u, vector_view<T, device_space> s,
                    matrix_view<T, device_space> vt) {
  constexpr auto type = library_type<T>::data;
  index_t const lda = leading_dimension(a, "svd");
  index_t const ldu = leading_dimension(u, "svd");
  index_t const ldvt = leading_dimension(vt, "svd");
  on_device const here(exec.device());
  std::size_t device_bytes = 0;
  std::size_t host_bytes = 0;
  check(cusolverDnXgesvd_bufferSize(exec.solver(), exec.solver_options(), 'S', 'S', a.rows, a.cols,
                                    type, a.data, lda, type, s.data, type, u.data, ldu, type,
                                    vt.data, ldvt, type, &device_bytes, &host_bytes),
        "cusolverDnXgesvd_bufferSize");
  solver_workspace room(exec, device_bytes, host_bytes);
  solver_info info(exec);
  check(
      cusolverDnXgesvd(exec.solver(), exec.solver_options(), 'S', 'S', a.rows, a.cols, type, a.data,
                       lda, type, s.data, type, u.data, ldu, type, vt.data, ldvt, type,
                       room.device.data(), device_bytes, room.host.data(), host_bytes, info.data()),
      "cusolverDnXgesvd");
  info.expect_success(exec, "cusolverDnXgesvd", a.rows, a.cols);
}

struct release_jacobi_options {
  void operator()(gesvdjInfo_t options) const noexcept {
    static_cast<void>(cusolverDnDestroyGesvdjInfo(options));
  }
};

/// By Jacobi's method, with V (n×n) by columns.
template <class T>
void jacobi_svd(stream_policy& exec, matrix_view<T, device_space> a, matrix_view<T, device_space> u,
                vector_view<T, device_space> s, matrix_view<T, device_space> v) {
  char const* const call = "cusolverDnXgesvdj";
  int const m = narrow(a.rows, call);
  int const n = narrow(a.cols, call);
  int const lda = narrow(leading_dimension(a, "svd"), call);
  int const ldu = narrow(leading_dimension(u, "svd"), call);
  int const ldv = narrow(leading_dimension(v, "svd"), call);
  gesvdjInfo_t created = nullptr;
  check(cusolverDnCreateGesvdjInfo(&created), "cusolverDnCreateGesvdjInfo");
  std::unique_ptr<std::remove_pointer_t<gesvdjInfo_t>, release_jacobi_options> const options(
      created);
  on_device const here(exec.device());
  int size = 0;
  check(gesvdj_size(exec.solver(), m, n, a.data, lda, s.data, u.data, ldu, v.data, ldv, &size,
                    options.get()),
        "cusolverDnXgesvdj_bufferSize");
  auto work = make_vector<T>(exec, size);
  solver_info info(exec);
  check(gesvdj(exec.solver(), m, n, a.data, lda, s.data, u.data, ldu, v.data, ldv, work.data(),
               size, info.data(), options.get()),
        call);
  info.expect_success(exec, call, a.rows, a.cols);
}

}  // namespace svf::cuda::detail
