// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <vector>

#include <svfmath/adapt/cem_options.hpp>
#include <svfmath/adapt/cem_state.hpp>
#include <svfmath/adapt/detail/cem_end.hpp>
#include <svfmath/core/error.hpp>

namespace svf::detail {

// The members of a generation after so many restarts; 0 if there cannot have been so many.
template <class T>
index_t popsize_after(cem_options<T> const& o, std::int64_t restarts) {
  if (restarts < 0 || restarts > std::int64_t(o.restarts)) {
    return 0;
  }
  index_t popsize = o.popsize;
  for (std::int64_t i = 0; i < restarts; ++i) {
    double const next = grown(o, popsize);
    if (next * double(o.dim) > 0x1p40) {
      return 0;
    }
    popsize = index_t(next);
  }
  return popsize;
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
      bool const inside = o.bounds == bounds_handling::none ||
                          (list[i] >= o.lower[i % dim] && list[i] <= o.upper[i % dim]);
      holds(std::isfinite(list[i]) && inside, what);
    }
  };
  // Counters grow by at most 2^40 a generation, so from here on they cannot overflow.
  constexpr std::int64_t largest = std::int64_t{1} << 62;
  holds(s.flat >= 0 && s.flat <= s.since_restart && s.since_better >= 0 &&
            s.since_better <= s.since_restart && s.since_restart <= s.iters &&
            s.iters <= s.generation && s.generation <= largest,
        "the counters of generations are negative, too large or contradict each other");
  holds(s.evals >= 0 && s.evals <= largest, "evals is negative or too large");
  holds(s.restarts <= s.iters && s.popsize == popsize_after(o, s.restarts),
        "popsize is not that of so many restarts");
  holds(s.mean.size() == dim && s.std.size() == dim, "mean or std has not dim elements");
  holds(s.best_x.empty() || s.best_x.size() == dim, "best_x has not dim elements");
  holds(s.contender_x.empty() || s.contender_x.size() == dim, "contender_x has not dim elements");
  std::size_t const seats = s.seats.size() / dim;
  std::size_t const popsize = std::size_t(s.popsize);
  std::size_t const count = s.opening && seats > popsize ? seats : popsize;
  holds(seats <= count, "there are more seats than members");
  holds(!s.asked || (s.members.size() == count * dim && s.kept.size() / dim <= count - seats),
        "members are missing");
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
