// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <type_traits>
#include <utility>

#include <cublas_v2.h>

#include <svfmath/core/error.hpp>
#include <svfmath/core/view.hpp>
#include <svfmath/cuda/detail/library_types.hpp>
#include <svfmath/cuda/detail/syrk.hpp>
#include <svfmath/cuda/policy.hpp>

namespace svf::cuda {

/// C ← α A B + β C with A (m×k), B (k×n), C (m×n), any orders; pass `transposed(a)` for Aᵀ.
/// β = 0 overwrites C even where it holds NaN; k = 0 leaves β C. C must not overlap A or B.
/// Throws `error{shape}`, `error{backend}`. 2mnk flops in T, float without TensorFloat-32. In the
/// order of the stream; the same bits in every run.
template <class T>
void gemm(stream_policy& exec, std::type_identity_t<T> alpha,
          std::type_identity_t<matrix_view<T const, device_space>> a,
          std::type_identity_t<matrix_view<T const, device_space>> b, std::type_identity_t<T> beta,
          matrix_view<T, device_space> c) {
  expects(a.rows == c.rows && b.cols == c.cols && a.cols == b.rows, error_kind::shape,
          "gemm: expected (m,k)(k,n)->(m,n), got (", a.rows, ",", a.cols, ")(", b.rows, ",", b.cols,
          ")->(", c.rows, ",", c.cols, ")");
  if (c.rows == 0 || c.cols == 0) {
    return;
  }
  if (a.cols == 0) {
    scale_elements(exec, beta, c);
    return;
  }
  if (c.layout == order::row_major) {  // Cᵀ = Bᵀ Aᵀ is stored column by column
    std::swap(a, b);
    a = transposed(a);
    b = transposed(b);
    c = transposed(c);
  }
  using type = detail::library_type<T>;
  detail::on_device const here(exec.device());
  detail::check(
      cublasGemmEx_64(exec.blas(), detail::operation_of(a), detail::operation_of(b), c.rows, c.cols,
                      a.cols, &alpha, a.data, type::data, detail::leading_dimension(a, "gemm"),
                      b.data, type::data, detail::leading_dimension(b, "gemm"), &beta, c.data,
                      type::data, detail::leading_dimension(c, "gemm"), type::compute,
                      CUBLAS_GEMM_DEFAULT),
      "cublasGemmEx");
}

/// G ← AᵀA with A (m×n), G (n×n), exactly symmetric. G must not overlap A. Throws `error{shape}`,
/// `error{backend}`. About mn² flops, half of a product. The same bits in every run.
template <class T>
void gram(stream_policy& exec, std::type_identity_t<matrix_view<T const, device_space>> a,
          matrix_view<T, device_space> g) {
  expects(g.rows == a.cols && g.cols == a.cols, error_kind::shape, "gram: expected G ", a.cols, "x",
          a.cols, ", got ", g.rows, "x", g.cols);
  if (a.size() == 0) {
    scale_elements(exec, T(0), g);
    return;
  }
  if (g.layout == order::row_major) {
    g = transposed(g);
  }
  detail::on_device const here(exec.device());
  detail::check(detail::syrk(exec.blas(), CUBLAS_FILL_MODE_LOWER,
                             a.layout == order::col_major ? CUBLAS_OP_T : CUBLAS_OP_N, a.cols,
                             a.rows, a.data, detail::leading_dimension(a, "gram"), g.data,
                             detail::leading_dimension(g, "gram")),
                "cublasXsyrk");
  mirror_lower(exec, g);
}

}  // namespace svf::cuda
