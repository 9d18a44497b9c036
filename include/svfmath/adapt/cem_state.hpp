// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <vector>

#include <svfmath/adapt/cem_stop.hpp>
#include <svfmath/adapt/fitness.hpp>
#include <svfmath/core/view.hpp>

namespace svf {

/// Everything a search knows besides its options: what `save_cem` stores. With the options it
/// determines every later generation, since random numbers are addressed by generation.
template <class T>
struct cem_state {
  std::int64_t generation = 0;       ///< number of the current generation, over all restarts
  std::int64_t iters = 0;            ///< generations that updated the distribution
  std::int64_t evals = 0;
  std::int64_t restarts = 0;
  std::int64_t since_restart = 0;    ///< generations since the last restart, for the floor
  std::int64_t flat = 0;             ///< flat generations in a row
  std::int64_t since_better = 0;     ///< generations since the contender improved
  index_t popsize = 0;
  double elapsed = 0.0;              ///< seconds before the last load; 0 without a timeout
  bool opening = true;               ///< inject and corners still to be told
  bool asked = false;                ///< between ask and tell
  std::vector<T> mean = {};          ///< (dim)
  std::vector<T> std = {};           ///< (dim)
  std::vector<T> members = {};       ///< the current generation, one member after the other
  std::vector<T> kept = {};          ///< members of the next generation: contender, elites
  std::vector<T> seats = {};         ///< members of the next generation: injected
  std::vector<T> best_x = {};        ///< empty until something was measured
  fitness best = unmeasured;
  std::vector<T> contender_x = {};   ///< the best since the last restart: contends for elite seats
  fitness contender = unmeasured;
  std::vector<fitness> baselines = {};
  cem_stop stop = {};
};

}  // namespace svf
