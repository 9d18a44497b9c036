// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cmath>
#include <string>
#include <string_view>

#include <svfmath/core/error.hpp>
#include <svfmath/core/in_quotes.hpp>
#include <svfmath/expert/detail/evaluate.hpp>
#include <svfmath/expert/expert.hpp>

/// The algebra of experts, one and two at a time (sums of many: expert/sums.hpp). All experts of a
/// matrix share U and V, so every operation is exact for the weights W'(z) = U diag(σ∘z) Vᵀ and
/// costs O(D) for D = Σr components; the result is an evaluated expert over the same layout.
///
/// Two views of one vector matter: z, the multipliers, where the base model is 1; and the change
/// δ = z − 1, where it is 0. W'(z) − W = U diag(σ∘δ) Vᵀ, so sums of δ are sums of weight changes.
/// `scale` and `difference` work on δ, `lerp` on either (its weights add up to 1), and `product`,
/// `inverse` and `geometric` on log z.
///
/// Values are computed in double and rounded to float once: within an ulp of the formula, unless a
/// sum cancels. Every function throws `error{shape}` naming both experts and the first
/// difference if layouts differ, and `error{numeric}` if a result is not finite in float.
namespace svf {

namespace detail {

inline std::string call_name(std::string_view verb, expert const& a, expert const& b) {
  return std::string(verb) + "(" + a.name() + "," + b.name() + ")";
}

/// Throws `error{numeric}` naming site and component of the first z that `holds` refuses.
template <class Predicate>
void expect_each(std::string_view where, expert const& e, std::string_view expected,
                 Predicate&& holds) {
  for (index_t s = 0; s < e.layout().count(); ++s) {
    auto const z = e.site(s);
    for (std::size_t i = 0; i < z.size(); ++i) {
      if (!holds(z[i])) [[unlikely]] {
        fail(error_kind::numeric, where, ": expected ", expected, " in expert ",
             in_quotes(e.name()), ", got ", z[i], " at ", in_quotes(e.layout()[s].name), "[", i,
             "]");
      }
    }
  }
}

}  // namespace detail

/// z = 1 + s (z − 1): s times the weight change. Exactly e at s = 1 and the base model at s = 0;
/// s < 0 turns the skill around.
inline expert scale(expert const& e, double s) {
  return detail::evaluated(e.shared_layout(), s * detail::wide(e) + (1.0 - s),
                           "scale(" + e.name() + ")");
}

/// z = (1 − t) z_a + t z_b: W' moves on a straight line, exactly a at t = 0 and b at t = 1.
inline expert lerp(expert const& a, expert const& b, double t) {
  expect_same_layout("lerp", a, b);
  return detail::evaluated(a.shared_layout(), (1.0 - t) * detail::wide(a) + t * detail::wide(b),
                           detail::call_name("lerp", a, b));
}

/// z = 1 + (z_a − z_b): the weight change of a less that of b. difference(a, base) is exactly a;
/// difference(a, a) is exactly the base model where |z| < 2⁵³ (beyond, the 1 is lost to rounding).
inline expert difference(expert const& a, expert const& b) {
  expect_same_layout("difference", a, b);
  return detail::evaluated(a.shared_layout(), detail::wide(a) + (1.0 - detail::wide(b)),
                           detail::call_name("difference", a, b));
}

/// z = z_a ∘ z_b: one skill on top of the other in the singular basis; the order does not matter.
inline expert product(expert const& a, expert const& b) {
  expect_same_layout("product", a, b);
  return detail::evaluated(a.shared_layout(), detail::wide(a) * detail::wide(b),
                           detail::call_name("product", a, b));
}

/// z = 1/z: product(e, inverse(e)) is the base model to one ulp. Throws `error{numeric}` naming
/// site and component where |z| < `smallest`.
inline expert inverse(expert const& e, double smallest = 1e-6) {
  detail::expect_each("inverse", e, "|z| not close to 0",
                      [=](float z) { return std::abs(double(z)) >= smallest && z != 0.0f; });
  return detail::evaluated(e.shared_layout(), 1.0 / detail::wide(e), "inverse(" + e.name() + ")");
}

/// z = z_a^(1−t) ∘ z_b^t: a straight line in log z, exactly a at t = 0 and b at t = 1. Throws
/// `error{numeric}` naming site and component where z_a or z_b is not above 0.
inline expert geometric(expert const& a, expert const& b, double t) {
  expect_same_layout("geometric", a, b);
  auto const positive = [](float z) { return z > 0.0f; };
  detail::expect_each("geometric", a, "z > 0", positive);
  detail::expect_each("geometric", b, "z > 0", positive);
  return detail::evaluated(
      a.shared_layout(), xt::pow(detail::wide(a), 1.0 - t) * xt::pow(detail::wide(b), t),
      detail::call_name("geometric", a, b));
}

}  // namespace svf
