// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <concepts>
#include <type_traits>
#include <utility>

#include <cublas_v2.h>

#include <svfmath/core/concepts.hpp>
#include <svfmath/core/error.hpp>
#include <svfmath/core/half.hpp>
#include <svfmath/core/view.hpp>
#include <svfmath/cuda/detail/library_types.hpp>
#include <svfmath/cuda/detail/syrk.hpp>
#include <svfmath/cuda/policy.hpp>

namespace svf::cuda {

namespace detail {

/// The product whose factors have elements A and whose result C, scaled by W.
template <class A, class C, class W>
void multiply(stream_policy& exec, W alpha, matrix_view<A const, device_space> a,
              matrix_view<A const, device_space> b, W beta, matrix_view<C, device_space> c) {
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
  on_device const here(exec.device());
  check(cublasGemmEx_64(exec.blas(), operation_of(a), operation_of(b), c.rows, c.cols, a.cols,
                        &alpha, a.data, library_type<A>::data, leading_dimension(a, "gemm"), b.data,
                        library_type<A>::data, leading_dimension(b, "gemm"), &beta, c.data,
                        library_type<C>::data, leading_dimension(c, "gemm"),
                        library_type<W>::compute, CUBLAS_GEMM_DEFAULT),
        "cublasGemmEx");
}

}  // namespace detail

/// C ← α A B + β C with A (m×k), B (k×n), C (m×n), any orders; pass `transposed(a)` for Aᵀ.
/// β = 0 overwrites C even where it holds NaN; k = 0 leaves β C. C must not overlap A or B.
/// Throws `error{shape}`, `error{backend}`. 2mnk flops in T, float without TensorFloat-32. In the
/// order of the stream; the same bits in every run.
template <scalar T>
void gemm(stream_policy& exec, std::type_identity_t<T> alpha,
          std::type_identity_t<matrix_view<T const, device_space>> a,
          std::type_identity_t<matrix_view<T const, device_space>> b, std::type_identity_t<T> beta,
          matrix_view<T, device_space> c) {
  detail::multiply<T, T, T>(exec, alpha, a, b, beta, c);
}

/// The same for A and B of a 16-bit type, with C of that type or float: sums in float, rounded once
/// to the type of C.
template <half_scalar H, class C>
requires std::same_as<C, H> || std::same_as<C, float>
void gemm(stream_policy& exec, float alpha, matrix_view<H const, device_space> a,
          std::type_identity_t<matrix_view<H const, device_space>> b, float beta,
          matrix_view<C, device_space> c) {
  detail::multiply<H, C, float>(exec, alpha, a, b, beta, c);
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
