// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cmath>
#include <type_traits>

#include <svfmath/core/concepts.hpp>
#include <svfmath/core/matrix.hpp>
#include <svfmath/expert/normalisation.hpp>

namespace svf {

namespace detail {

/// Throws `error{numeric}` naming the first i where σ'_i (r) is NaN or Inf, with its z. O(r).
template <class V, class Z>
void expect_finite_spectrum(vector_view<V> spectrum, vector_view<Z> z) {
  for (index_t i = 0; i < spectrum.size; ++i) {
    expects(std::isfinite(double(spectrum[i])), error_kind::numeric,
            "expert_spectrum: expected a finite sigma*z, got ", spectrum[i], " at [", i,
            "], where z = ", z[i]);
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
  double const c = normaliser(s, z, kind);
  vector<value, typename Exec::space> result(s.size);
  transform(exec, result.view(),
            [=](index_t i) { return static_cast<value>(c * double(s[i]) * double(z[i])); });
  detail::expect_finite_spectrum(as_const(result.view()), z);
  return result;
}

}  // namespace svf
