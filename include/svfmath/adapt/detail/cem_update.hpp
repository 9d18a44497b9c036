// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include <svfmath/adapt/cem_options.hpp>
#include <svfmath/adapt/detail/elite_count.hpp>
#include <svfmath/adapt/fitness.hpp>
#include <svfmath/core/view.hpp>

namespace svf::detail {

// The measured members, best first. Members of equal worth follow each other in the order of
// their coordinates, so that the update is a function of the set of (point, worth) pairs.
template <class T>
std::vector<index_t> ranked(matrix_view<T const> members, std::span<fitness const> worth,
                            sense direction) {
  std::vector<index_t> order;
  for (index_t m = 0; m < members.cols; ++m) {
    if (is_measured(worth[std::size_t(m)])) {
      order.push_back(m);
    }
  }
  auto const point = [&](index_t m) {
    return std::span<T const>(&members(0, m), std::size_t(members.rows));
  };
  std::stable_sort(order.begin(), order.end(), [&](index_t a, index_t b) {
    fitness const& fa = worth[std::size_t(a)];
    fitness const& fb = worth[std::size_t(b)];
    if (fa == fb) {
      return std::ranges::lexicographical_compare(point(a), point(b));
    }
    return better(fa, fb, direction);
  });
  return order;
}

// How much of an elite each ranked member is: 1 above the cut, 0 below, and members of equal
// worth at the cut share the seats left. Sums to `seats`.
inline std::vector<double> elite_shares(std::span<index_t const> order,
                                        std::span<fitness const> worth, std::size_t seats) {
  fitness const cut = worth[std::size_t(order[seats - 1])];
  auto const equal = [&](index_t m) { return worth[std::size_t(m)] == cut; };
  auto const first = std::find_if(order.begin(), order.end(), equal);
  auto const last = std::find_if_not(first, order.end(), equal);
  std::size_t const above = std::size_t(first - order.begin());
  std::size_t const tied = std::size_t(last - first);
  std::vector<double> shares(above + tied, 1.0);
  std::fill(shares.begin() + std::ptrdiff_t(above), shares.end(),
            double(seats - above) / double(tied));
  return shares;
}

// Moves mean and std towards the `seats` best of the ranked members, two at least. All sums in
// double.
template <class T>
void cem_update(cem_options<T> const& o, matrix_view<T const> members,
                std::span<fitness const> worth, std::span<index_t const> order, std::size_t seats,
                std::int64_t generation, std::vector<T>& mean, std::vector<T>& std) {
  std::vector<double> const shares = elite_shares(order, worth, seats);
  double const floor_now = o.floor.fraction * std::pow(o.floor.decay, double(generation));
  for (std::size_t c = 0; c < mean.size(); ++c) {
    if (o.lower[c] == o.upper[c]) {
      continue;
    }
    double centre = 0.0;
    for (std::size_t i = 0; i < shares.size(); ++i) {
      centre += shares[i] * double(members(index_t(c), order[i]));
    }
    centre /= double(seats);
    bool const around_old = o.std_around == std_reference::old_mean;
    double const reference = around_old ? double(mean[c]) : centre;
    double squares = 0.0;
    for (std::size_t i = 0; i < shares.size(); ++i) {
      double const d = double(members(index_t(c), order[i])) - reference;
      squares += shares[i] * d * d;
    }
    double const spread = std::sqrt(squares / double(around_old ? seats : seats - 1));
    double const old = double(std[c]);
    double next = o.alpha_std * old + (1.0 - o.alpha_std) * spread;
    if (std::isfinite(o.std_max_change)) {
      next = std::clamp(next, std::max(0.0, old - o.std_max_change * old),
                        old + o.std_max_change * old);
    }
    double const range = double(o.upper[c]) - double(o.lower[c]);
    next = std::max(next, floor_now * (std::isfinite(range) ? range : 2.0 * double(o.init_std[c])));
    double const moved = o.alpha_mean * double(mean[c]) + (1.0 - o.alpha_mean) * centre;
    bool const free = o.bounds == bounds_handling::none;
    mean[c] = free ? T(moved) : std::clamp(T(moved), o.lower[c], o.upper[c]);
    std[c] = T(next);
  }
}

}  // namespace svf::detail
