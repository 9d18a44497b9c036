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

/// Stores σ'_i = c·s(i)·z(i), rounded to T, and is i where it is NaN or infinite, otherwise r.
template <class T, class S, class Z, class Space>
struct stored_product {
  vector_view<S, Space> s;
  vector_view<Z, Space> z;
  double c;
  vector_view<T, Space> out;

  SVFMATH_HOST_DEVICE index_t operator()(index_t i) const {
    T const value = static_cast<T>(c * double(s[i]) * double(z[i]));
    out[i] = value;
    return std::isfinite(value) ? out.size : i;
  }
};

/// σ' (r) while it is being computed: work that reads `values` may be handed out before
/// `expect_finite` says whether they are any good.
template <class Exec, class T, class Z, class Reduction>
struct spectrum_in_work {
  vector<T, typename Exec::space> values;
  vector_view<Z, typename Exec::space> z;
  Reduction first_bad;

  /// Throws `error{numeric}` naming the first i where σ'_i is NaN or Inf, with its z.
  void expect_finite(Exec& exec) {
    index_t const first = first_bad.get();
    if (first < values.size()) {
      fail(error_kind::numeric, "expert_spectrum: expected a finite sigma*z, got ",
           value_at(exec, as_const(values.view()), first), " at [", first,
           "], where z = ", value_at(exec, z, first));
    }
  }
};

/// Begins `expert_spectrum`.
template <class Exec, class S, class Z, class Space>
auto begin_spectrum(Exec& exec, vector_view<S, Space> s, vector_view<Z, Space> z,
                    normalisation kind) {
  using value = std::remove_const_t<S>;
  double const c = normaliser_of(exec, s, z, kind);
  auto values = make_vector<value>(exec, s.size);
  auto first_bad = begin_reduce(
      exec, s.size, s.size, stored_product<value, S, Z, Space>{s, z, c, values.view()}, smaller());
  return spectrum_in_work<Exec, value, Z, decltype(first_bad)>{std::move(values), z,
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
