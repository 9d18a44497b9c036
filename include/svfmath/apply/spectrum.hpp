// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <type_traits>

#include <svfmath/core/concepts.hpp>
#include <svfmath/core/config.hpp>
#include <svfmath/core/detail/function_objects.hpp>
#include <svfmath/core/matrix.hpp>
#include <svfmath/core/transfer.hpp>
#include <svfmath/expert/normalisation.hpp>
#include <svfmath/factor/detail/inspect.hpp>

namespace svf {

namespace detail {

/// `normaliser` for vectors in any memory. The sums are the host's on every backend, so that c has
/// the same bits on all of them; `none` looks at sizes only.
template <class Exec, class S, class Z, class Space>
double normaliser_of(Exec& exec, vector_view<S, Space> s, vector_view<Z, Space> z,
                     normalisation kind) {
  if (kind == normalisation::none) {
    expects(s.size == z.size, error_kind::shape, "normaliser: expected z of size ", s.size,
            ", got ", z.size);
    return 1.0;
  }
  return normaliser(as_vector(readable(exec, s)), as_vector(readable(exec, z)), kind);
}

/// c·s(i)·z(i), rounded to T.
template <class T, class S, class Z, class Space>
struct scaled_product {
  vector_view<S, Space> s;
  vector_view<Z, Space> z;
  double c;

  SVFMATH_HOST_DEVICE T operator()(index_t i) const {
    return static_cast<T>(c * double(s[i]) * double(z[i]));
  }
};

/// Throws `error{numeric}` naming the first i where σ'_i (r) is NaN or Inf, with its z. O(r).
template <class Exec, class V, class Z, class Space>
void expect_finite_spectrum(Exec& exec, vector_view<V, Space> spectrum, vector_view<Z, Space> z) {
  matrix_view<V, Space> const row(spectrum.data, 1, spectrum.size);
  index_t const first =
      reduce(exec, spectrum.size, spectrum.size, place_if_not_finite<V, Space>{row}, smaller());
  if (first < spectrum.size) {
    fail(error_kind::numeric, "expert_spectrum: expected a finite sigma*z, got ",
         value_at(exec, spectrum, first), " at [", first,
         "], where z = ", value_at(exec, z, first));
  }
}

}  // namespace detail

/// The singular values an expert gives: σ' = c·σ∘z (r), with c from `normalisation`.
/// Throws `error{shape}` unless z has r entries, `error{numeric}` naming the first entry that is
/// not finite (z is NaN or Inf, or the product overflows), and what `normaliser` throws. O(r).
template <execution_policy Exec, class S, class Z>
auto expert_spectrum(Exec& exec, vector_view<S, typename Exec::space> s,
                     vector_view<Z, typename Exec::space> z,
                     normalisation kind = normalisation::none) {
  using value = std::remove_const_t<S>;
  double const c = detail::normaliser_of(exec, s, z, kind);
  auto result = make_vector<value>(exec, s.size);
  transform(exec, result.view(),
            detail::scaled_product<value, S, Z, typename Exec::space>{s, z, c});
  detail::expect_finite_spectrum(exec, as_const(result.view()), z);
  return result;
}

}  // namespace svf
