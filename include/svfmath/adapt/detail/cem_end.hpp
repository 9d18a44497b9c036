// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <utility>
#include <vector>

#include <svfmath/adapt/cem_options.hpp>
#include <svfmath/adapt/cem_state.hpp>
#include <svfmath/adapt/detail/cem_check.hpp>
#include <svfmath/core/random.hpp>

namespace svf::detail {

// Smallest and largest std over the coordinates that are not fixed; zeros if all are.
template <class T>
std::pair<double, double> std_range(cem_options<T> const& o, std::vector<T> const& std) {
  double low = std::numeric_limits<double>::infinity();
  double high = 0.0;
  for (std::size_t c = 0; c < std.size(); ++c) {
    if (o.lower[c] != o.upper[c]) {
      low = std::min(low, double(std[c]));
      high = std::max(high, double(std[c]));
    }
  }
  return {std::min(low, high), high};
}

// The first reason to stop after a generation, in the order of the enumeration's concern: the goal,
// the budgets, the caller, then signs that nothing more will come.
template <class T>
cem_stop why_stop(cem_options<T> const& o, cem_state<T> const& s, cem_record<T> const& record,
                  std::span<fitness const> values, std::span<index_t const> order,
                  double elapsed) {
  if (o.target && !s.best_x.empty() &&
      (o.sense == sense::max ? s.best.primary >= *o.target : s.best.primary <= *o.target)) {
    return {stop_reason::target, s.best.primary, *o.target};
  }
  if (s.iters >= o.max_iters) {
    return {stop_reason::max_iters, double(s.iters), double(o.max_iters)};
  }
  if (s.evals > o.max_evals - s.popsize) {
    return {stop_reason::max_evals, double(s.evals), double(o.max_evals)};
  }
  if (elapsed > o.timeout) {
    return {stop_reason::timeout, elapsed, o.timeout};
  }
  if (o.callback && o.callback(record)) {
    return {stop_reason::callback, double(s.iters), 0.0};
  }
  if (record.std_max < o.tol_x) {
    return {stop_reason::tol_x, record.std_max, o.tol_x};
  }
  if (order.size() > 1 && !record.flat) {
    double const spread = std::abs(values[std::size_t(order.front())].primary -
                                   values[std::size_t(order.back())].primary);
    if (spread < o.tol_f) {
      return {stop_reason::tol_f, spread, o.tol_f};
    }
  }
  if (o.flat_generations > 0 && s.flat >= o.flat_generations) {
    return {stop_reason::flat_fitness, double(s.flat), double(o.flat_generations)};
  }
  if (o.stagnation > 0 && s.since_better >= o.stagnation) {
    return {stop_reason::stagnation, double(s.since_better), double(o.stagnation)};
  }
  return {};
}

// Starts again with a larger generation if the search ended for lack of progress and restarts are
// left. The best, the counters and the budgets go on.
template <class T>
bool restart(cem_options<T> const& o, cem_state<T>& s) {
  bool const stuck = s.stop.reason == stop_reason::tol_x || s.stop.reason == stop_reason::tol_f ||
                     s.stop.reason == stop_reason::flat_fitness ||
                     s.stop.reason == stop_reason::stagnation;
  double const grown = std::ceil(double(s.popsize) * o.popsize_growth);
  if (!stuck || s.restarts >= o.restarts || double(s.evals) + grown > double(o.max_evals) ||
      grown * double(o.dim) > 0x1p40) {
    return false;
  }
  ++s.restarts;
  s.popsize = index_t(grown);
  s.since_restart = s.flat = s.since_better = 0;
  s.std = o.init_std;
  random_stream const random(o.seed, (std::uint64_t{1} << 63) | std::uint64_t(s.restarts));
  for (std::size_t c = 0; c < s.mean.size(); ++c) {
    double const lo = double(o.lower[c]);
    double const range = double(o.upper[c]) - lo;
    s.mean[c] = std::isfinite(range)
                    ? std::clamp(T(lo + range * random.uniform(c)), o.lower[c], o.upper[c])
                    : std::clamp(T(double(o.init_mean[c]) + double(o.init_std[c]) * random.normal(c)),
                                 o.lower[c], o.upper[c]);
  }
  s.kept.clear();
  return true;
}

// A state that was read from a file is as hostile as the file.
template <class T>
void check_state(cem_options<T> const& o, cem_state<T> const& s) {
  auto const holds = [](bool condition, char const* what) {
    expects(condition, error_kind::format, "cem: damaged state: ", what);
  };
  std::size_t const dim = std::size_t(o.dim);
  auto const point_list = [&](std::vector<T> const& list, char const* what) {
    holds(list.size() % dim == 0, what);
    for (std::size_t i = 0; i < list.size(); ++i) {
      holds(std::isfinite(list[i]) && (o.bounds == bounds_handling::none ||
                                       (list[i] >= o.lower[i % dim] && list[i] <= o.upper[i % dim])),
            what);
    }
  };
  holds(s.generation >= 0 && s.iters >= 0 && s.evals >= 0 && s.restarts >= 0 && s.flat >= 0 &&
            s.since_better >= 0 && s.since_restart >= 0,
        "a counter is negative");
  holds(s.popsize >= 2 && s.popsize <= (index_t{1} << 40) / o.dim, "popsize is out of range");
  holds(s.mean.size() == dim && s.std.size() == dim, "mean or std has not dim elements");
  holds(s.best_x.empty() || s.best_x.size() == dim, "best_x has not dim elements");
  std::size_t const seats = (s.kept.size() + s.seats.size()) / dim;
  std::size_t const popsize = std::size_t(s.popsize);
  std::size_t const count = s.opening && seats > popsize ? seats : popsize;
  holds(!s.asked || s.members.size() == count * dim, "members are missing");
  holds(!s.opening || s.seats.size() / dim >= o.corners.size(), "corners are missing");
  holds(s.opening ? s.baselines.empty() : s.baselines.size() == o.corners.size(),
        "baselines and corners differ in number");
  point_list(s.mean, "mean is not finite or outside the bounds");
  point_list(s.best_x, "best_x is not finite or outside the bounds");
  point_list(s.members, "members are not finite or outside the bounds");
  point_list(s.kept, "kept points are not finite or outside the bounds");
  point_list(s.seats, "seats are not finite or outside the bounds");
  for (T const value : s.std) {
    holds(std::isfinite(value) && value >= T(0), "std is not finite or negative");
  }
  holds(s.best_x.empty() || is_measured(s.best), "best is not finite");
  holds(std::isfinite(s.elapsed) && s.elapsed >= 0.0, "elapsed is not a time");
}

}  // namespace svf::detail
