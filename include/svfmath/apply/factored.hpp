// SPDX-License-Identifier: Apache-2.0
#pragma once

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
template <execution_policy Exec, scalar T, vector_for<Exec> Z, matrix_for<Exec> X,
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
  auto const spectrum = expert_spectrum(exec, factors.s.view(), as_vector(z), kind);
  auto hidden = make_matrix<T>(exec, input.rows, factors.rank());  // X V, then X V diag(σ')
  gemm(exec, T(1), input, transposed(factors.vt.view()), T(0), hidden.view());
  scale_columns(exec, as_const(hidden.view()), spectrum.view(), hidden.view());
  gemm(exec, T(1), hidden.view(), transposed(factors.u.view()), T(0), output);
}

}  // namespace svf
