// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include <cublas_v2.h>

namespace svf::cuda::detail {

/// One triangle of C ← op(A) op(A)ᵀ, C (n×n), k products for each element.
inline cublasStatus_t syrk(cublasHandle_t blas, cublasFillMode_t triangle, cublasOperation_t op,
                           std::int64_t n, std::int64_t k, float const* a, std::int64_t lda,
                           float* c, std::int64_t ldc) {
  float const one = 1.0f;
  float const zero = 0.0f;
  return cublasSsyrk_64(blas, triangle, op, n, k, &one, a, lda, &zero, c, ldc);
}
inline cublasStatus_t syrk(cublasHandle_t blas, cublasFillMode_t triangle, cublasOperation_t op,
                           std::int64_t n, std::int64_t k, double const* a, std::int64_t lda,
                           double* c, std::int64_t ldc) {
  double const one = 1.0;
  double const zero = 0.0;
  return cublasDsyrk_64(blas, triangle, op, n, k, &one, a, lda, &zero, c, ldc);
}

}  // namespace svf::cuda::detail
