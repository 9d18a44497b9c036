// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <svfmath/apply/spectrum.hpp>
#include <svfmath/core/concepts.hpp>
#include <svfmath/core/config.hpp>
#include <svfmath/core/matrix.hpp>
#include <svfmath/core/transfer.hpp>
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

/// c·s(i)·(γ(i) − mean).
template <class G, class S, class Space>
struct chained_element {
  vector_view<G, Space> gamma;
  vector_view<S, Space> s;
  double c;
  double mean;

  SVFMATH_HOST_DEVICE G operator()(index_t i) const {
    return static_cast<G>(c * double(s[i]) * (double(gamma[i]) - mean));
  }
};

/// Σ_j σ_j z_j γ_j / Σ_j σ_j z_j, and 0 for a sum of 0.
template <class G, class S, class Z>
double weighted_mean(vector_view<G> gamma, vector_view<S> s, vector_view<Z> z) {
  double weighted = 0.0;
  double total = 0.0;
  for (index_t i = 0; i < s.size; ++i) {
    double const weight = double(s[i]) * double(z[i]);
    weighted += weight * double(gamma[i]);
    total += weight;
  }
  return total == 0.0 ? 0.0 : weighted / total;
}

/// Turns γ (r) into dL/dz (r) in place.
template <class Exec, class G, class S, class Z, class Space>
void chain_to_z(Exec& exec, vector_view<G, Space> gamma, vector_view<S, Space> s,
                vector_view<Z, Space> z, normalisation kind) {
  double const c = normaliser_of(exec, s, z, kind);
  double const mean =
      kind == normalisation::none
          ? 0.0
          : weighted_mean(as_vector(readable(exec, as_const(gamma))), as_vector(readable(exec, s)),
                          as_vector(readable(exec, z)));
  transform(exec, gamma, chained_element<G, S, Space>{gamma, s, c, mean});
}

/// γ (r) ← Σ_t (Uᵀδ_t) ∘ (Vᵀx_t) of x (T×n) and δ (T×m). 2Tr(m+n) flops, 2Tr temporaries.
template <execution_policy Exec, weight_scalar T, class X, class Y, class G>
void factored_gamma(Exec& exec, svd_factors<T, typename Exec::space> const& factors, X const& x,
                    Y const& delta, G const& gamma) {
  using wide = wide_t<T>;
  auto right = make_matrix<wide>(exec, x.rows, factors.rank());     // X V
  auto left = make_matrix<wide>(exec, delta.rows, factors.rank());  // Δ U
  gemm(exec, wide(1), as_const(x), transposed(factors.vt.view()), wide(0), right.view());
  gemm(exec, wide(1), as_const(delta), factors.u.view(), wide(0), left.view());
  column_dots(exec, left.view(), right.view(), gamma);
}

template <class Z, class D, class Space>
void expect_rank(char const* verb, index_t rank, vector_view<Z, Space> z,
                 vector_view<D, Space> dz) {
  expects(z.size == rank && dz.size == rank, error_kind::shape, verb,
          ": expected z and dz of size ", rank, ", got ", z.size, " and ", dz.size);
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
template <execution_policy Exec, weight_scalar T, vector_for<Exec> Z, matrix_for<Exec> W,
          vector_for<Exec> D>
void gradient_from_dense(Exec& exec, svd_factors<T, typename Exec::space> const& factors,
                         Z const& z, W const& dw, D&& dz,
                         normalisation kind = normalisation::none) {
  auto const g = as_matrix(dw);
  auto const result = as_vector(dz);
  expects(g.rows == factors.rows() && g.cols == factors.cols(), error_kind::shape,
          "gradient_from_dense: expected dW ", factors.rows(), "x", factors.cols(), ", got ",
          g.rows, "x", g.cols);
  detail::expect_rank("gradient_from_dense", factors.rank(), as_vector(z), result);
  using wide = detail::wide_t<T>;
  if (factors.rows() <= factors.cols()) {
    auto half = make_matrix<wide>(exec, factors.rows(), factors.rank());  // dW V
    gemm(exec, wide(1), as_const(g), transposed(factors.vt.view()), wide(0), half.view());
    column_dots(exec, half.view(), factors.u.view(), result);
  } else {
    auto half = make_matrix<wide>(exec, factors.rank(), factors.cols());  // Uᵀ dW
    gemm(exec, wide(1), transposed(factors.u.view()), as_const(g), wide(0), half.view());
    column_dots(exec, transposed(half.view()), transposed(factors.vt.view()), result);
  }
  detail::chain_to_z(exec, result, factors.s.view(), as_vector(z), kind);
}

/// dz ← dL/dz (r) from inputs x (T×n) and output gradients δ (T×m) of the site, without dW.
/// Throws `error{shape}`. 2Tr(m+n) flops, 2Tr temporary elements. Deterministic.
template <execution_policy Exec, weight_scalar T, vector_for<Exec> Z, matrix_for<Exec> X,
          matrix_for<Exec> Y, vector_for<Exec> D>
void gradient_from_factors(Exec& exec, svd_factors<T, typename Exec::space> const& factors,
                           Z const& z, X const& x, Y const& delta, D&& dz,
                           normalisation kind = normalisation::none) {
  auto const input = as_matrix(x);
  auto const output = as_matrix(delta);
  auto const result = as_vector(dz);
  expects(
      input.cols == factors.cols() && output.cols == factors.rows() && input.rows == output.rows,
      error_kind::shape, "gradient_from_factors: expected x T x ", factors.cols(),
      " and delta T x ", factors.rows(), ", got ", input.rows, "x", input.cols, " and ",
      output.rows, "x", output.cols);
  detail::expect_rank("gradient_from_factors", factors.rank(), as_vector(z), result);
  detail::factored_gamma(exec, factors, input, output, result);
  detail::chain_to_z(exec, result, factors.s.view(), as_vector(z), kind);
}

/// dz ← dL/dz (r) from x (T×n) and δ (T×m) by `cheaper_gradient_path`. Throws `error{shape}`. The
/// dense path rounds dW to T: in float16 sums of δ_t x_tᵀ beyond 65504 become infinite, where
/// `gradient_from_factors` sums in float.
template <execution_policy Exec, weight_scalar T, vector_for<Exec> Z, matrix_for<Exec> X,
          matrix_for<Exec> Y, vector_for<Exec> D>
void gradient(Exec& exec, svd_factors<T, typename Exec::space> const& factors, Z const& z,
              X const& x, Y const& delta, D&& dz, normalisation kind = normalisation::none) {
  auto const input = as_matrix(x);
  if (cheaper_gradient_path(factors.rows(), factors.cols(), input.rows) ==
      gradient_path::factored) {
    gradient_from_factors(exec, factors, z, input, as_matrix(delta), dz, kind);
    return;
  }
  auto const output = as_matrix(delta);
  expects(
      input.cols == factors.cols() && output.cols == factors.rows() && input.rows == output.rows,
      error_kind::shape, "gradient: expected x T x ", factors.cols(), " and delta T x ",
      factors.rows(), ", got ", input.rows, "x", input.cols, " and ", output.rows, "x",
      output.cols);
  using wide = detail::wide_t<T>;
  auto dw = make_matrix<T>(exec, factors.rows(), factors.cols());  // Δᵀ X
  gemm(exec, wide(1), transposed(as_const(output)), as_const(input), wide(0), dw.view());
  gradient_from_dense(exec, factors, z, dw.view(), dz, kind);
}

}  // namespace svf
