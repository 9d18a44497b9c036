// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <concepts>

#include <svfmath/apply/spectrum.hpp>
#include <svfmath/core/concepts.hpp>
#include <svfmath/core/matrix.hpp>
#include <svfmath/core/view_conversion.hpp>
#include <svfmath/factor/svd_factors.hpp>

namespace svf {

/// Y = X W'ᵀ without forming W': row by row y = U (σ' ∘ (Vᵀ x)), with σ' = c·σ∘z.
///
/// x: T×n inputs in rows; y: T×m outputs, not overlapping x; z: r values.
/// Throws `error{shape}` if anything does not fit, `error{numeric}` if a σ' is not finite or the
/// nuclear normaliser is undefined; y is then untouched. 2Tr(m+n) flops against 2Tmn of the dense
/// product, and no work per expert: what a switch of z costs is r multiplications. Deterministic.
template <execution_policy Exec, weight_scalar T, vector_for<Exec> Z, matrix_for<Exec> X,
          matrix_for<Exec> Y>
void apply_factored(Exec& exec, svd_factors<T, typename Exec::space> const& factors, Z const& z,
                    X const& x, Y&& y, normalisation kind = normalisation::none) {
  auto const input = as_matrix(x);
  auto const output = as_matrix(y);
  expects(
      input.cols == factors.cols() && output.cols == factors.rows() && input.rows == output.rows,
      error_kind::shape, "apply_factored: expected x T x ", factors.cols(), " and y T x ",
      factors.rows(), ", got ", input.rows, "x", input.cols, " and ", output.rows, "x",
      output.cols);
  auto spectrum = detail::begin_spectrum(exec, factors.s.view(), as_vector(z), kind);
  using wide = detail::wide_t<T>;
  auto hidden = make_matrix<wide>(exec, input.rows, factors.rank());  // X V, then X V diag(σ')
  gemm(exec, wide(1), as_const(input), transposed(factors.vt.view()), wide(0), hidden.view());
  auto const sigma = as_const(spectrum.values.view());
  spectrum.expect_finite(exec);
  if constexpr (std::same_as<T, wide>) {
    scale_columns(exec, as_const(hidden.view()), sigma, hidden.view());
    gemm(exec, wide(1), as_const(hidden.view()), transposed(factors.u.view()), wide(0), output);
  } else {
    auto rounded = make_matrix<T>(exec, input.rows, factors.rank());
    scale_columns(exec, as_const(hidden.view()), sigma, rounded.view());
    gemm(exec, wide(1), as_const(rounded.view()), transposed(factors.u.view()), wide(0), output);
  }
}

}  // namespace svf
