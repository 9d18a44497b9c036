// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <limits>

#include <cusolverDn.h>

#include <svfmath/core/transfer.hpp>

#include "support/device.cuh"

namespace bench {

struct jacobi_timing {
  double seconds = 0.0;
  int sweeps = 0;
  double residual = 0.0;  ///< ‖S − UᵀAV‖_F, by cuSOLVER's own account
};

/// The thin SVD of one matrix by the call that torch.linalg.svd makes for float matrices on a
/// device, with its settings: cusolverDnSgesvdj, tolerance ε, at most 400 sweeps. Memory is taken
/// before the clock starts. Throws `error{numeric}` if it does not converge.
inline jacobi_timing jacobi_svd(svf::cuda::stream_policy& exec, device_matrix const& w) {
  using svf::cuda::detail::check;
  int const m = int(w.rows());
  int const n = int(w.cols());
  int const r = std::min(m, n);
  auto a = svf::make_vector<float>(exec, w.size());
  copy(exec, w.view(),
       svf::matrix_view<float, svf::device_space>(a.data(), m, n, m, svf::order::col_major));
  auto u = svf::make_vector<float>(exec, index_t(m) * r);
  auto s = svf::make_vector<float>(exec, r);
  auto v = svf::make_vector<float>(exec, index_t(n) * r);
  auto info = svf::make_vector<int>(exec, 1);
  gesvdjInfo_t options = nullptr;
  check(cusolverDnCreateGesvdjInfo(&options), "cusolverDnCreateGesvdjInfo");
  check(cusolverDnXgesvdjSetTolerance(options, std::numeric_limits<float>::epsilon()),
        "cusolverDnXgesvdjSetTolerance");
  check(cusolverDnXgesvdjSetMaxSweeps(options, 400), "cusolverDnXgesvdjSetMaxSweeps");
  int size = 0;
  check(cusolverDnSgesvdj_bufferSize(exec.solver(), CUSOLVER_EIG_MODE_VECTOR, 1, m, n, a.data(), m,
                                     s.data(), u.data(), m, v.data(), n, &size, options),
        "cusolverDnSgesvdj_bufferSize");
  auto work = svf::make_vector<float>(exec, size);
  jacobi_timing result;
  result.seconds = seconds_of_call(
      exec,
      [&] {
        check(cusolverDnSgesvdj(exec.solver(), CUSOLVER_EIG_MODE_VECTOR, 1, m, n, a.data(), m,
                                s.data(), u.data(), m, v.data(), n, work.data(), size, info.data(),
                                options),
              "cusolverDnSgesvdj");
      },
      1);
  check(cusolverDnXgesvdjGetSweeps(exec.solver(), options, &result.sweeps),
        "cusolverDnXgesvdjGetSweeps");
  check(cusolverDnXgesvdjGetResidual(exec.solver(), options, &result.residual),
        "cusolverDnXgesvdjGetResidual");
  check(cusolverDnDestroyGesvdjInfo(options), "cusolverDnDestroyGesvdjInfo");
  int const status = svf::host_vector(exec, info)[0];
  svf::expects(status == 0, svf::error_kind::numeric, "cusolverDnSgesvdj: info ", status);
  return result;
}

}  // namespace bench
