// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cusolverDn.h>

/// The calls of cuSOLVER that exist for each type under its own name, by overloads.
namespace svf::cuda::detail {

inline cusolverStatus_t orgqr_size(cusolverDnHandle_t solver, int m, int n, float const* a, int lda,
                                   float const* tau, int* size) {
  return cusolverDnSorgqr_bufferSize(solver, m, n, n, a, lda, tau, size);
}
inline cusolverStatus_t orgqr_size(cusolverDnHandle_t solver, int m, int n, double const* a,
                                   int lda, double const* tau, int* size) {
  return cusolverDnDorgqr_bufferSize(solver, m, n, n, a, lda, tau, size);
}

inline cusolverStatus_t orgqr(cusolverDnHandle_t solver, int m, int n, float* a, int lda,
                              float const* tau, float* work, int size, int* info) {
  return cusolverDnSorgqr(solver, m, n, n, a, lda, tau, work, size, info);
}
inline cusolverStatus_t orgqr(cusolverDnHandle_t solver, int m, int n, double* a, int lda,
                              double const* tau, double* work, int size, int* info) {
  return cusolverDnDorgqr(solver, m, n, n, a, lda, tau, work, size, info);
}

/// Thin SVD by Jacobi's method: vectors of both sides, as many as min(m,n).
inline cusolverStatus_t gesvdj_size(cusolverDnHandle_t solver, int m, int n, float const* a,
                                    int lda, float const* s, float const* u, int ldu,
                                    float const* v, int ldv, int* size, gesvdjInfo_t options) {
  return cusolverDnSgesvdj_bufferSize(solver, CUSOLVER_EIG_MODE_VECTOR, 1, m, n, a, lda, s, u, ldu,
                                      v, ldv, size, options);
}
inline cusolverStatus_t gesvdj_size(cusolverDnHandle_t solver, int m, int n, double const* a,
                                    int lda, double const* s, double const* u, int ldu,
                                    double const* v, int ldv, int* size, gesvdjInfo_t options) {
  return cusolverDnDgesvdj_bufferSize(solver, CUSOLVER_EIG_MODE_VECTOR, 1, m, n, a, lda, s, u, ldu,
                                      v, ldv, size, options);
}

inline cusolverStatus_t gesvdj(cusolverDnHandle_t solver, int m, int n, float* a, int lda, float* s,
                               float* u, int ldu, float* v, int ldv, float* work, int size,
                               int* info, gesvdjInfo_t options) {
  return cusolverDnSgesvdj(solver, CUSOLVER_EIG_MODE_VECTOR, 1, m, n, a, lda, s, u, ldu, v, ldv,
                           work, size, info, options);
}
inline cusolverStatus_t gesvdj(cusolverDnHandle_t solver, int m, int n, double* a, int lda,
                               double* s, double* u, int ldu, double* v, int ldv, double* work,
                               int size, int* info, gesvdjInfo_t options) {
  return cusolverDnDgesvdj(solver, CUSOLVER_EIG_MODE_VECTOR, 1, m, n, a, lda, s, u, ldu, v, ldv,
                           work, size, info, options);
}

}  // namespace svf::cuda::detail
