// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <concepts>
#include <type_traits>

#include <svfmath/apply/spectrum.hpp>
#include <svfmath/core/concepts.hpp>
#include <svfmath/core/error.hpp>
#include <svfmath/core/half.hpp>
#include <svfmath/core/matrix.hpp>
#include <svfmath/core/view_conversion.hpp>
#include <svfmath/factor/svd_factors.hpp>

namespace svf {

namespace detail {

/// Throws `error{shape}` unless x is T×n and y T×m.
template <class T, class Space, class X, class Y>
void expect_batch(char const* verb, svd_factors<T, Space> const& factors, X const& x, Y const& y) {
  expects(x.cols == factors.cols() && y.cols == factors.rows() && x.rows == y.rows,
          error_kind::shape, verb, ": expected x T x ", factors.cols(), " and y T x ",
          factors.rows(), ", got ", x.rows, "x", x.cols, " and ", y.rows, "x", y.cols);
}

/// What X V is kept in until it is scaled: bfloat16 has the range of float, so that rounding to it
/// costs no more there than after; float16 has not.
template <class T>
using hidden_t = std::conditional_t<std::same_as<T, bfloat16>, T, wide_t<T>>;

/// Y ← scale(X V) Uᵀ, where scale(hidden, out) turns T×r sums into T×r factors of the second
/// product: in place, or rounded to T where sums are wider.
template <class Exec, class T, class X, class Y, class Scale>
void factored_product(Exec& exec, svd_factors<T, typename Exec::space> const& factors, X const& x,
                      Y const& y, Scale&& scale) {
  using wide = wide_t<T>;
  auto hidden = make_matrix<hidden_t<T>>(exec, x.rows, factors.rank());
  gemm(exec, wide(1), as_const(x), transposed(factors.vt.view()), wide(0), hidden.view());
  auto const multiply = [&](matrix<T, typename Exec::space>& scaled) {
    scale(as_const(hidden.view()), scaled.view());
    gemm(exec, wide(1), as_const(scaled.view()), transposed(factors.u.view()), wide(0), y);
  };
  if constexpr (std::same_as<T, hidden_t<T>>) {
    multiply(hidden);
  } else {
    auto rounded = make_matrix<T>(exec, x.rows, factors.rank());
    multiply(rounded);
  }
}

}  // namespace detail

/// Y = X W'ᵀ without forming W': row by row y = U (σ' ∘ (Vᵀ x)), with σ' = c·σ∘z.
///
/// x: T×n inputs in rows; y: T×m outputs, not overlapping x; z: r values.
/// Throws `error{shape}` if anything does not fit, `error{numeric}` if a σ' is not finite or the
/// nuclear normaliser is undefined; y is then untouched. 2Tr(m+n) flops against 2Tmn of the dense
/// product, and no work per expert: what a switch of z costs is r multiplications. Sums of 16-bit
/// products are in float; Vᵀx is rounded to bfloat16 before it is scaled and after, to float16 only
/// after. Deterministic.
template <execution_policy Exec, weight_scalar T, vector_for<Exec> Z, matrix_for<Exec> X,
          matrix_for<Exec> Y>
void apply_factored(Exec& exec, svd_factors<T, typename Exec::space> const& factors, Z const& z,
                    X const& x, Y&& y, normalisation kind = normalisation::none) {
  auto const input = as_matrix(x);
  auto const output = as_matrix(y);
  detail::expect_batch("apply_factored", factors, input, output);
  auto spectrum = detail::begin_spectrum(exec, factors.s.view(), as_vector(z), kind);
  detail::factored_product(exec, factors, input, output, [&](auto const& hidden, auto const& out) {
    spectrum.expect_finite(exec);
    scale_columns(exec, hidden, as_const(spectrum.values.view()), out, factors.u.view());
  });
}

}  // namespace svf
