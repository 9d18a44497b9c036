// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cmath>
#include <type_traits>
#include <utility>

#include <svfmath/core/concepts.hpp>
#include <svfmath/core/config.hpp>
#include <svfmath/core/detail/function_objects.hpp>
#include <svfmath/core/matrix.hpp>
#include <svfmath/core/transfer.hpp>
#include <svfmath/expert/normalisation.hpp>

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

/// σ'_i = c·s(i)·z(i), rounded to the type of σ.
template <class S, class Z, class Space>
struct spectrum_element {
  vector_view<S, Space> s;
  vector_view<Z, Space> z;
  double c;

  SVFMATH_HOST_DEVICE std::remove_const_t<S> operator()(index_t i) const {
    return static_cast<std::remove_const_t<S>>(c * double(s[i]) * double(z[i]));
  }
};

/// The elements of an expert's spectrum. Throws as `expert_spectrum` does for sizes and c.
template <class Exec, class S, class Z, class Space>
spectrum_element<S, Z, Space> spectrum_of(Exec& exec, vector_view<S, Space> s,
                                          vector_view<Z, Space> z, normalisation kind) {
  return {s, z, normaliser_of(exec, s, z, kind)};
}

/// Throws `error{numeric}` naming `first`, where σ' is NaN or infinite, with its z; no place is the
/// size of σ.
template <class Exec, class S, class Z, class Space>
void expect_finite(Exec& exec, spectrum_element<S, Z, Space> const& sigma, index_t first) {
  if (first < sigma.s.size) {
    auto const s = value_at(exec, sigma.s, first);
    auto const z = value_at(exec, sigma.z, first);
    fail(error_kind::numeric, "expert_spectrum: expected a finite sigma*z, got ",
         static_cast<std::remove_const_t<S>>(sigma.c * double(s) * double(z)), " at [", first,
         "], where z = ", z);
  }
}

/// Stores σ'_i and is i where it is NaN or infinite, otherwise r.
template <class T, class Element, class Space>
struct stored_spectrum_element {
  Element sigma;
  vector_view<T, Space> out;

  SVFMATH_HOST_DEVICE index_t operator()(index_t i) const {
    out[i] = sigma(i);
    return std::isfinite(out[i]) ? out.size : i;
  }
};

/// σ' (r) while it is being computed: work that reads `values` may be handed out before
/// `expect_finite` says whether they are any good.
template <class Exec, class T, class Element, class Reduction>
struct spectrum_in_work {
  vector<T, typename Exec::space> values;
  Element sigma;
  Reduction first_bad;

  void expect_finite(Exec& exec) { detail::expect_finite(exec, sigma, first_bad.get()); }
};

/// Begins `expert_spectrum`.
template <class Exec, class S, class Z, class Space>
auto begin_spectrum(Exec& exec, vector_view<S, Space> s, vector_view<Z, Space> z,
                    normalisation kind) {
  using value = std::remove_const_t<S>;
  using element = spectrum_element<S, Z, Space>;
  element const sigma = spectrum_of(exec, s, z, kind);
  auto values = make_vector<value>(exec, s.size);
  auto first_bad =
      begin_reduce(exec, s.size, s.size,
                   stored_spectrum_element<value, element, Space>{sigma, values.view()}, smaller());
  return spectrum_in_work<Exec, value, element, decltype(first_bad)>{std::move(values), sigma,
                                                                     std::move(first_bad)};
}

}  // namespace detail

/// The singular values an expert gives: σ' = c·σ∘z (r), with c from `normalisation`.
/// Throws `error{shape}` unless z has r entries, `error{numeric}` naming the first entry that is
/// not finite (z is NaN or Inf, or the product overflows), and what `normaliser` throws. O(r).
template <execution_policy Exec, class S, class Z>
auto expert_spectrum(Exec& exec, vector_view<S, typename Exec::space> s,
                     vector_view<Z, typename Exec::space> z,
                     normalisation kind = normalisation::none) {
  auto work = detail::begin_spectrum(exec, s, z, kind);
  work.expect_finite(exec);
  return std::move(work.values);
}

}  // namespace svf
