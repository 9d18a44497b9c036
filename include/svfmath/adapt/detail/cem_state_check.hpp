// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cmath>
#include <cstddef>
#include <vector>

#include <svfmath/adapt/cem_options.hpp>
#include <svfmath/adapt/cem_state.hpp>
#include <svfmath/core/error.hpp>

namespace svf::detail {

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
  holds(s.contender_x.empty() || s.contender_x.size() == dim, "contender_x has not dim elements");
  std::size_t const seats = (s.kept.size() + s.seats.size()) / dim;
  std::size_t const popsize = std::size_t(s.popsize);
  std::size_t const count = s.opening && seats > popsize ? seats : popsize;
  holds(!s.asked || s.members.size() == count * dim, "members are missing");
  holds(!s.opening || s.seats.size() / dim >= o.corners.size(), "corners are missing");
  holds(s.opening ? s.baselines.empty() : s.baselines.size() == o.corners.size(),
        "baselines and corners differ in number");
  point_list(s.mean, "mean is not finite or outside the bounds");
  point_list(s.best_x, "best_x is not finite or outside the bounds");
  point_list(s.contender_x, "contender_x is not finite or outside the bounds");
  point_list(s.members, "members are not finite or outside the bounds");
  point_list(s.kept, "kept points are not finite or outside the bounds");
  point_list(s.seats, "seats are not finite or outside the bounds");
  for (T const value : s.std) {
    holds(std::isfinite(value) && value >= T(0), "std is not finite or negative");
  }
  holds(s.best_x.empty() || is_measured(s.best), "best is not finite");
  holds(s.contender_x.empty() || is_measured(s.contender), "contender is not finite");
  holds(std::isfinite(s.elapsed) && s.elapsed >= 0.0, "elapsed is not a time");
}

}  // namespace svf::detail
