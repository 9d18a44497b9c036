// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cmath>
#include <compare>
#include <concepts>
#include <limits>

namespace svf {

/// Which values of an objective are better.
enum class sense { max, min };

/// What one candidate is worth. Candidates are ordered by `primary`, equal ones by `secondary`
/// (for strategy C: accuracy, then the mean log-likelihood of the correct answers over all
/// questions, paper section 3.2). Both follow the same sense.
struct fitness {
  double primary = 0.0;
  double secondary = 0.0;

  friend bool operator==(fitness const&, fitness const&) = default;
  friend auto operator<=>(fitness const&, fitness const&) = default;
};

/// What nothing is worth yet.
inline constexpr fitness unmeasured{std::numeric_limits<double>::quiet_NaN(),
                                    std::numeric_limits<double>::quiet_NaN()};

/// A NaN or an infinity is no measurement.
inline bool is_measured(fitness const& f) {
  return std::isfinite(f.primary) && std::isfinite(f.secondary);
}

/// `a` strictly better than `b`: lexicographic in the given sense. A value that is no measurement
/// is worse than every measurement and not better than another such value.
inline bool better(fitness const& a, fitness const& b, sense direction) {
  if (!is_measured(a) || !is_measured(b)) {
    return is_measured(a) && !is_measured(b);
  }
  return direction == sense::max ? a > b : a < b;
}

/// What an objective may return: a number, or a pair of them.
inline fitness as_fitness(fitness const& f) { return f; }
template <class T>
  requires std::convertible_to<T, double>
fitness as_fitness(T value) {
  return {static_cast<double>(value), 0.0};
}

}  // namespace svf
