// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>

namespace test {

/// |a − b| ≤ tolerance, false for NaN. The tolerance is absolute and stated where it is used.
inline bool close(double a, double b, double tolerance) { return std::abs(a - b) <= tolerance; }

/// |a − b| ≤ tolerance · max(|a|, |b|).
inline bool close_relative(double a, double b, double tolerance) {
  return std::abs(a - b) <= tolerance * std::max(std::abs(a), std::abs(b));
}

/// The largest |a(i) − b(i)| of two ranges of equal size; infinite if sizes differ or a NaN occurs.
template <class A, class B>
double max_difference(A const& a, B const& b) {
  if (std::size_t(a.size()) != std::size_t(b.size())) {
    return HUGE_VAL;
  }
  double worst = 0.0;
  for (std::size_t i = 0; i < std::size_t(a.size()); ++i) {
    double const difference = std::abs(double(a.data()[i]) - double(b.data()[i]));
    worst = std::isnan(difference) ? HUGE_VAL : std::max(worst, difference);
  }
  return worst;
}

}  // namespace test
