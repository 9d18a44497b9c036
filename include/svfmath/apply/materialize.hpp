// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <utility>

#include <svfmath/apply/spectrum.hpp>
#include <svfmath/core/concepts.hpp>
#include <svfmath/core/matrix.hpp>
#include <svfmath/core/view_conversion.hpp>
#include <svfmath/factor/svd_factors.hpp>

namespace svf {

/// W' = U diag(c·σ∘z) Vᵀ (m×n) into `out`, which must not overlap the factors. c = 1 for `none`
/// (paper, section 3.1) or Σσ/Σ(σz) for `nuclear` (released code). With z = 1, W' = W up to the
/// factors' reconstruction error.
///
/// z: r values. Throws `error{shape}` if z or out do not fit, `error{numeric}` if a σ' is not
/// finite or the nuclear normaliser is undefined. Out is then untouched, except that a device has
/// begun the product when the host learns that a σ' is not finite: out holds nothing of use then.
/// 2mnr flops and one scaled copy of the smaller factor. Deterministic. Against factors that were
/// never rounded W' is off by 3.3e-3 ‖W'‖_F in bfloat16, 4.1e-4 in float16 and about 1e-6 in float
/// (4096², `materialize_cuda`).
template <execution_policy Exec, weight_scalar T, vector_for<Exec> Z, matrix_for<Exec> Out>
void materialize(Exec& exec, svd_factors<T, typename Exec::space> const& factors, Z const& z,
                 Out&& out, normalisation kind = normalisation::none) {
  auto const target = as_matrix(out);
  expects(target.rows == factors.rows() && target.cols == factors.cols(), error_kind::shape,
          "materialize: expected out ", factors.rows(), "x", factors.cols(), ", got ", target.rows,
          "x", target.cols);
  using wide = detail::wide_t<T>;
  auto const sigma = detail::spectrum_of(exec, factors.s.view(), as_vector(z), kind);
  auto const multiply = [&](auto const& left, auto const& right, auto first_bad) {
    constexpr bool before = decltype(first_bad)::known_at_once;
    if constexpr (before) {
      detail::expect_finite(exec, sigma, first_bad.get());
    }
    gemm(exec, wide(1), left, right, wide(0), target);
    if constexpr (!before) {
      detail::expect_finite(exec, sigma, first_bad.get());
    }
  };
  if (factors.rows() <= factors.cols()) {
    auto scaled = make_matrix<T>(exec, factors.rows(), factors.rank());  // U diag(σ')
    auto first_bad = begin_scale_columns(exec, factors.u.view(), sigma, scaled.view());
    multiply(as_const(scaled.view()), factors.vt.view(), std::move(first_bad));
  } else {
    auto scaled = make_matrix<T>(exec, factors.rank(), factors.cols());  // diag(σ') Vᵀ
    auto first_bad = begin_scale_columns(exec, transposed(factors.vt.view()), sigma,
                                         transposed(scaled.view()));
    multiply(factors.u.view(), as_const(scaled.view()), std::move(first_bad));
  }
}

/// The same, returned as a new matrix.
template <execution_policy Exec, weight_scalar T, vector_for<Exec> Z>
matrix<T, typename Exec::space> materialize(Exec& exec,
                                            svd_factors<T, typename Exec::space> const& factors,
                                            Z const& z, normalisation kind = normalisation::none) {
  auto result = make_matrix<T>(exec, factors.rows(), factors.cols());
  materialize(exec, factors, z, result.view(), kind);
  return result;
}

}  // namespace svf
