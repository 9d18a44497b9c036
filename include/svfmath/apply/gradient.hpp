// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <svfmath/core/concepts.hpp>
#include <svfmath/core/matrix.hpp>
#include <svfmath/core/view_conversion.hpp>
#include <svfmath/expert/normalisation.hpp>
#include <svfmath/factor/svd_factors.hpp>

/// The gradient of a loss L with respect to z, in closed form. With G = dL/dW' (m×n) and
/// γ_i = u_iᵀ G v_i:
///   none:    dL/dz_i = σ_i γ_i
///   nuclear: dL/dz_i = c σ_i (γ_i − Σ_j σ_j z_j γ_j / Σ_j σ_j z_j),  c = Σσ/Σ(σz)
/// Since G = Σ_t δ_t x_tᵀ, γ_i = Σ_t (u_iᵀδ_t)(v_iᵀx_t): G need not exist.
namespace svf {

namespace detail {

/// Turns γ (r) into dL/dz (r) in place.
template <class G, class S, class Z>
void chain_to_z(vector_view<G> gamma, vector_view<S> s, vector_view<Z> z, normalisation kind) {
  double const c = normaliser(s, z, kind);
  double mean = 0.0;
  if (kind == normalisation::nuclear) {
    double weighted = 0.0;
    double total = 0.0;
    for (index_t i = 0; i < s.size; ++i) {
      double const weight = double(s[i]) * double(z[i]);
      weighted += weight * double(gamma[i]);
      total += weight;
    }
    mean = total == 0.0 ? 0.0 : weighted / total;
  }
  for (index_t i = 0; i < s.size; ++i) {
    gamma[i] = static_cast<G>(c * double(s[i]) * (double(gamma[i]) - mean));
  }
}

/// γ (r) ← Σ_t (Uᵀδ_t) ∘ (Vᵀx_t) of x (T×n) and δ (T×m). 2Tr(m+n) flops, 2Tr temporaries.
template <execution_policy Exec, scalar T, class X, class Y, class G>
void factored_gamma(Exec& exec, svd_factors<T, typename Exec::space> const& factors, X const& x,
                    Y const& delta, G const& gamma) {
  matrix<T, typename Exec::space> right(x.rows, factors.rank());     // X V
  matrix<T, typename Exec::space> left(delta.rows, factors.rank());  // Δ U
  gemm(exec, T(1), x, transposed(factors.vt.view()), T(0), right.view());
  gemm(exec, T(1), delta, factors.u.view(), T(0), left.view());
  column_dots(exec, left.view(), right.view(), gamma);
}

template <class Z, class D>
void expect_rank(char const* verb, index_t rank, vector_view<Z> z, vector_view<D> dz) {
  expects(z.size == rank && dz.size == rank, error_kind::shape, verb, ": expected z and dz of size ",
          rank, ", got ", z.size, " and ", dz.size);
}

}  // namespace detail

/// The two ways to the same gradient.
enum class gradient_path {
  factored,  ///< (ΔU)∘(XV), 2Tr(m+n) flops, no m×n matrix
  dense,     ///< dW' = Δᵀ X, then Uᵀ dW' V's diagonal, 2mn(T+r) flops
};

/// The path with fewer flops for `rows` pairs (x, δ) at a site of m×n: factored up to
/// rows = max(m, n), dense above.
constexpr gradient_path cheaper_gradient_path(index_t m, index_t n, index_t rows) {
  return rows <= (m > n ? m : n) ? gradient_path::factored : gradient_path::dense;
}

/// dz ← dL/dz (r) from dW = dL/dW' (m×n). Throws `error{shape}`. 2mnr flops. Deterministic.
template <execution_policy Exec, scalar T, vector_like Z, matrix_like W, vector_like D>
void gradient_from_dense(Exec& exec, svd_factors<T, typename Exec::space> const& factors,
                         Z const& z, W const& dw, D&& dz,
                         normalisation kind = normalisation::none) {
  auto const g = as_matrix(dw);
  auto const result = as_vector(dz);
  expects(g.rows == factors.rows() && g.cols == factors.cols(), error_kind::shape,
          "gradient_from_dense: expected dW ", factors.rows(), "x", factors.cols(), ", got ",
          g.rows, "x", g.cols);
  detail::expect_rank("gradient_from_dense", factors.rank(), as_vector(z), result);
  if (factors.rows() <= factors.cols()) {
    matrix<T, typename Exec::space> half(factors.rows(), factors.rank());  // dW V
    gemm(exec, T(1), g, transposed(factors.vt.view()), T(0), half.view());
    column_dots(exec, half.view(), factors.u.view(), result);
  } else {
    matrix<T, typename Exec::space> half(factors.rank(), factors.cols());  // Uᵀ dW
    gemm(exec, T(1), transposed(factors.u.view()), g, T(0), half.view());
    column_dots(exec, transposed(half.view()), transposed(factors.vt.view()), result);
  }
  detail::chain_to_z(result, factors.s.view(), as_vector(z), kind);
}

/// dz ← dL/dz (r) from inputs x (T×n) and output gradients δ (T×m) of the site, without dW.
/// Throws `error{shape}`. 2Tr(m+n) flops, 2Tr temporary elements. Deterministic.
template <execution_policy Exec, scalar T, vector_like Z, matrix_like X, matrix_like Y,
          vector_like D>
void gradient_from_factors(Exec& exec, svd_factors<T, typename Exec::space> const& factors,
                           Z const& z, X const& x, Y const& delta, D&& dz,
                           normalisation kind = normalisation::none) {
  auto const input = as_matrix(x);
  auto const output = as_matrix(delta);
  auto const result = as_vector(dz);
  expects(input.cols == factors.cols() && output.cols == factors.rows() &&
              input.rows == output.rows,
          error_kind::shape, "gradient_from_factors: expected x T x ", factors.cols(),
          " and delta T x ", factors.rows(), ", got ", input.rows, "x", input.cols, " and ",
          output.rows, "x", output.cols);
  detail::expect_rank("gradient_from_factors", factors.rank(), as_vector(z), result);
  detail::factored_gamma(exec, factors, input, output, result);
  detail::chain_to_z(result, factors.s.view(), as_vector(z), kind);
}

/// dz ← dL/dz (r) from x (T×n) and δ (T×m) by `cheaper_gradient_path`. Throws `error{shape}`.
template <execution_policy Exec, scalar T, vector_like Z, matrix_like X, matrix_like Y,
          vector_like D>
void gradient(Exec& exec, svd_factors<T, typename Exec::space> const& factors, Z const& z,
              X const& x, Y const& delta, D&& dz, normalisation kind = normalisation::none) {
  auto const input = as_matrix(x);
  if (cheaper_gradient_path(factors.rows(), factors.cols(), input.rows) ==
      gradient_path::factored) {
    gradient_from_factors(exec, factors, z, input, as_matrix(delta), dz, kind);
    return;
  }
  auto const output = as_matrix(delta);
  expects(input.cols == factors.cols() && output.cols == factors.rows() &&
              input.rows == output.rows,
          error_kind::shape, "gradient: expected x T x ", factors.cols(), " and delta T x ",
          factors.rows(), ", got ", input.rows, "x", input.cols, " and ", output.rows, "x",
          output.cols);
  matrix<T, typename Exec::space> dw(factors.rows(), factors.cols());  // Δᵀ X
  gemm(exec, T(1), transposed(output), input, T(0), dw.view());
  gradient_from_dense(exec, factors, z, dw.view(), dz, kind);
}

}  // namespace svf
