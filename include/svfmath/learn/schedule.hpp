// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cmath>
#include <cstdint>
#include <numbers>
#include <string_view>

#include <svfmath/core/error.hpp>

namespace svf {

enum class schedule_kind { constant, cosine };

constexpr std::string_view to_string(schedule_kind kind) noexcept {
  return kind == schedule_kind::constant ? "constant" : "cosine";
}

/// The learning rate of every step t = 0, 1, … A linear warm-up of w steps, base·(t+1)/w, then
/// `constant`: base, or `cosine`: last + (base − last)·½(1 + cos(π(t−w)/(T−w))), which is `base` at
/// t = w and `last` from t = T on.
struct schedule {
  schedule_kind kind = schedule_kind::cosine;
  double base = 2e-3;
  double last = 0.0;
  std::uint64_t steps = 60;   ///< T
  std::uint64_t warm_up = 0;  ///< w

  double operator()(std::uint64_t t) const {
    if (t < warm_up) {
      return base * double(t + 1) / double(warm_up);
    }
    if (kind == schedule_kind::constant) {
      return base;
    }
    if (t >= steps) {
      return last;
    }
    double const progress = double(t - warm_up) / double(steps - warm_up);
    return last + (base - last) * 0.5 * (1.0 + std::cos(std::numbers::pi * progress));
  }

  friend bool operator==(schedule const&, schedule const&) = default;
};

/// Throws `error{numeric}` for rates that are negative or not finite.
inline void check(schedule const& rate) {
  auto const fits = [](double value) { return std::isfinite(value) && value >= 0.0; };
  expects(fits(rate.base) && fits(rate.last), error_kind::numeric,
          "schedule: expected finite rates >= 0, got base ", rate.base, " and last ", rate.last);
}

}  // namespace svf
