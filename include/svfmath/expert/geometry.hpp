// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cmath>
#include <span>
#include <string_view>
#include <vector>

#include <svfmath/core/error.hpp>
#include <svfmath/core/in_quotes.hpp>
#include <svfmath/expert/detail/evaluate.hpp>
#include <svfmath/expert/expert.hpp>

/// Lengths and angles of experts as weights, in O(D) and without forming a weight: U and V are
/// orthonormal and shared, so ⟨W_a, W_b⟩_F = Σ_i σ_i² z_a,i z_b,i.
///
/// `sigma` holds the singular values of every component in layout order (D, >= 0), the same
/// singular values the experts were made for. W stands for all sites together (one vector of all
/// their entries), and δ = z − 1 for an expert's change of the base. Sums are taken in double in
/// the order of the components, about D·1e-16 relative. All functions throw `error{shape}` if
/// sizes or layouts do not match, naming both experts.
namespace svf {

namespace detail {

inline void check_geometry(std::string_view where, std::span<float const> sigma, expert const& a,
                           expert const& b) {
  expect_same_layout(where, a, b);
  expects(index_t(sigma.size()) == a.layout().size(), error_kind::shape, where, ": expected ",
          a.layout().size(), " singular values for experts ", in_quotes(a.name()), " and ",
          in_quotes(b.name()), ", got ", sigma.size());
}

template <class Expression>
double sum_of(Expression const& values) {
  return xt::sum(values, xt::evaluation_strategy::immediate)();
}

/// inner / √(a·b); throws `error{numeric}` where a length is zero.
inline double cosine_of(std::string_view where, double inner, double a, double b) {
  expects(a > 0.0 && b > 0.0, error_kind::numeric, where,
          ": expected experts of length above 0, got ", std::sqrt(a), " and ", std::sqrt(b));
  return inner / (std::sqrt(a) * std::sqrt(b));
}

}  // namespace detail

/// ⟨W_a, W_b⟩_F = Σ σ² z_a z_b.
inline double weight_inner(std::span<float const> sigma, expert const& a, expert const& b) {
  detail::check_geometry("weight_inner", sigma, a, b);
  return detail::sum_of(xt::square(detail::wide(sigma)) * detail::wide(a) *
                        detail::wide(b));
}

/// ⟨W_a − W, W_b − W⟩_F = Σ σ² δ_a δ_b.
inline double change_inner(std::span<float const> sigma, expert const& a, expert const& b) {
  detail::check_geometry("change_inner", sigma, a, b);
  return detail::sum_of(xt::square(detail::wide(sigma)) * (detail::wide(a) - 1.0) *
                        (detail::wide(b) - 1.0));
}

/// ‖W_e‖_F = ‖σ∘z‖₂.
inline double weight_norm(std::span<float const> sigma, expert const& e) {
  return std::sqrt(weight_inner(sigma, e, e));
}

/// ‖W_e − W‖_F = ‖σ∘δ‖₂: how far the expert is from the base model.
inline double change_norm(std::span<float const> sigma, expert const& e) {
  return std::sqrt(change_inner(sigma, e, e));
}

/// The cosine of the angle between W_a and W_b. Throws `error{numeric}` if one of them is zero.
inline double weight_cosine(std::span<float const> sigma, expert const& a, expert const& b) {
  return detail::cosine_of("weight_cosine", weight_inner(sigma, a, b), weight_inner(sigma, a, a),
                           weight_inner(sigma, b, b));
}

/// The cosine of the angle between the weight changes of a and b: 1 for the same direction, 0 for
/// skills that do not touch. Throws `error{numeric}` if one of them is the base model.
inline double change_cosine(std::span<float const> sigma, expert const& a, expert const& b) {
  return detail::cosine_of("change_cosine", change_inner(sigma, a, b), change_inner(sigma, a, a),
                           change_inner(sigma, b, b));
}

/// ‖W_a − W_b‖_F on each site (S values).
inline std::vector<double> site_distances(std::span<float const> sigma, expert const& a,
                                          expert const& b) {
  detail::check_geometry("site_distances", sigma, a, b);
  std::vector<double> result;
  for (index_t i = 0; i < a.layout().count(); ++i) {
    site const& each = a.layout()[i];
    auto const s = sigma.subspan(std::size_t(each.offset), std::size_t(each.rank()));
    result.push_back(std::sqrt(detail::sum_of(xt::square(
        detail::wide(s) * (detail::wide(a.site(i)) - detail::wide(b.site(i)))))));
  }
  return result;
}

/// ‖W_a − W_b‖_F = ‖σ∘(z_a − z_b)‖₂ over all sites.
inline double weight_distance(std::span<float const> sigma, expert const& a, expert const& b) {
  detail::check_geometry("weight_distance", sigma, a, b);
  return std::sqrt(detail::sum_of(
      xt::square(detail::wide(sigma) * (detail::wide(a) - detail::wide(b)))));
}

/// max_sites ‖W_a − W_b‖₂ = max |σ∘(z_a − z_b)|: no output y = Wx of any site differs by more than
/// this times ‖x‖.
inline double spectral_distance(std::span<float const> sigma, expert const& a, expert const& b) {
  detail::check_geometry("spectral_distance", sigma, a, b);
  return xt::amax(
      xt::abs(detail::wide(sigma) * (detail::wide(a) - detail::wide(b))),
      xt::evaluation_strategy::immediate)();
}

}  // namespace svf
