// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <utility>

#include <svfmath/apply/spectrum.hpp>
#include <svfmath/core/concepts.hpp>
#include <svfmath/core/config.hpp>
#include <svfmath/core/error.hpp>
#include <svfmath/core/matrix.hpp>
#include <svfmath/core/transfer.hpp>
#include <svfmath/core/view_conversion.hpp>
#include <svfmath/factor/leading_factors.hpp>

/// What `materialize` and `apply_factored` do, for factors of which only the leading triplets
/// exist.
namespace svf {

namespace detail {

/// σ_i (z_i − 1).
template <class S, class Z, class Space>
struct spectrum_change {
  vector_view<S, Space> s;
  vector_view<Z, Space> z;

  SVFMATH_HOST_DEVICE std::remove_const_t<S> operator()(index_t i) const {
    return static_cast<std::remove_const_t<S>>(double(s[i]) * (double(z[i]) - 1.0));
  }
};

/// C ← A diag(σ∘(z − 1)) B + C for A (a,k), B (k,b), after which A diag(…) has been checked.
template <class Exec, class T, class Z, class A, class B, class C>
void add_change(Exec& exec, svd_factors<T, typename Exec::space> const& triplets, Z const& z,
                A const& a, B const& b, C const& c) {
  using space = typename Exec::space;
  auto const values = as_vector(z);
  expects(values.size == triplets.rank(), error_kind::shape, "leading: expected z of size ",
          triplets.rank(), ", got ", values.size);
  spectrum_change<T const, typename decltype(values)::element_type, space> const change{
      triplets.s.view(), values};
  auto scaled = make_matrix<T>(exec, a.rows, a.cols);
  index_t const first = begin_scale_columns(exec, a, change, scaled.view()).get();
  if (first < values.size) {
    fail(error_kind::numeric, "leading: expected a finite sigma*(z - 1) at [", first,
         "], where z = ", value_at(exec, values, first));
  }
  gemm(exec, T(1), as_const(scaled.view()), b, T(1), c);
}

}  // namespace detail

/// W' = W + U diag(σ∘(z − 1)) Vᵀ (m×n) into `out`, which must not overlap the factors; z = 1 gives
/// W exactly (−0 as 0). z: k values. Throws `error{shape}` if z or out do not fit, `error{numeric}`
/// naming the first i where σ_i (z_i − 1) is not finite; out then holds nothing of use. 2mnk flops
/// and a copy of W. Deterministic.
template <execution_policy Exec, scalar T, vector_for<Exec> Z, matrix_for<Exec> Out>
void materialize(Exec& exec, leading_factors<T, typename Exec::space> const& factors, Z const& z,
                 Out&& out) {
  auto const target = as_matrix(out);
  expects(target.rows == factors.rows() && target.cols == factors.cols(), error_kind::shape,
          "materialize: expected out ", factors.rows(), "x", factors.cols(), ", got ", target.rows,
          "x", target.cols);
  copy(exec, factors.base.view(), target);
  detail::add_change(exec, factors.triplets, z, factors.triplets.u.view(),
                     factors.triplets.vt.view(), target);
}

/// Y = X W'ᵀ without forming W': row by row y = W x + U (σ∘(z − 1) ∘ (Vᵀ x)).
///
/// x: T×n inputs in rows; y: T×m outputs, not overlapping x; z: k values. Throws `error{shape}` if
/// anything does not fit, `error{numeric}` naming the first i where σ_i (z_i − 1) is not finite; y
/// then holds nothing of use. 2Tmn + 2Tk(m+n) flops: the dense layer and, for small k, little more.
/// Deterministic.
template <execution_policy Exec, scalar T, vector_for<Exec> Z, matrix_for<Exec> X,
          matrix_for<Exec> Y>
void apply_factored(Exec& exec, leading_factors<T, typename Exec::space> const& factors, Z const& z,
                    X const& x, Y&& y) {
  auto const input = as_matrix(x);
  auto const output = as_matrix(y);
  expects(input.cols == factors.cols() && output.cols == factors.rows() &&
              input.rows == output.rows,
          error_kind::shape, "apply_factored: expected x T x ", factors.cols(), " and y T x ",
          factors.rows(), ", got ", input.rows, "x", input.cols, " and ", output.rows, "x",
          output.cols);
  gemm(exec, T(1), as_const(input), transposed(factors.base.view()), T(0), output);
  auto hidden = make_matrix<T>(exec, input.rows, factors.rank());  // Vᵀ x, in rows
  gemm(exec, T(1), as_const(input), transposed(factors.triplets.vt.view()), T(0), hidden.view());
  detail::add_change(exec, factors.triplets, z, as_const(hidden.view()),
                     transposed(factors.triplets.u.view()), output);
}

}  // namespace svf
