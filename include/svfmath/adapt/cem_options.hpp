// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <functional>
#include <limits>
#include <optional>
#include <string>
#include <vector>

#include <svfmath/adapt/cem_record.hpp>
#include <svfmath/adapt/detail/elite_count.hpp>
#include <svfmath/adapt/fitness.hpp>
#include <svfmath/core/view.hpp>

namespace svf {

/// What happens to a coordinate drawn outside its bounds. The search learns from the repaired
/// point, the one that was evaluated.
enum class bounds_handling {
  clip,      ///< to the nearest bound; finds optima on faces and corners
  reflect,   ///< folded back at the bounds
  resample,  ///< drawn again up to `resample_tries` times, then clipped: a truncated normal
  none,      ///< bounds only give the default mean and standard deviation
};

/// Around which mean the elites' standard deviation is measured.
enum class std_reference {
  new_mean,  ///< the elites' own mean, divisor elites − 1
  old_mean,  ///< the mean they were drawn from, divisor elites; slower to collapse
};

/// What becomes of the best point seen.
enum class elitist {
  archive,     ///< kept with the value it had, and stays a candidate for the elites at that value;
               ///< for deterministic objectives
  reevaluate,  ///< evaluated again as member 0 of the next generation, where it keeps its place
               ///< only if it is the best again; for noisy objectives. What an earlier start found
               ///< keeps its value until something better is found
  off,         ///< the best of the latest generation only
};

/// What a NaN or infinite objective value does.
enum class nan_policy {
  worst,   ///< the member ranks last and is never an elite nor the best
  raise,   ///< `tell` throws `error{numeric}`
};

/// Lower limit of the standard deviation: fraction · range · decay^generation, where range is
/// upper − lower, or 2 · init_std for a coordinate without finite bounds.
struct std_floor {
  double fraction = 0.0;
  double decay = 0.93;
};

/// Settings of `svf::cem`. Vectors of one element apply to every coordinate.
template <class T = double>
struct cem_options {
  index_t dim = 0;                 ///< number of coordinates, ≥ 1
  std::vector<T> lower = {};       ///< empty: −∞
  std::vector<T> upper = {};       ///< empty: +∞; lower == upper holds a coordinate fixed
  std::vector<T> init_mean = {};   ///< empty: centre of the bounds
  std::vector<T> init_std = {};    ///< empty: half the range of the bounds
  bounds_handling bounds = bounds_handling::clip;
  int resample_tries = 100;

  index_t popsize = 32;            ///< members per generation, ≥ 2
  double elite_ratio = 0.2;        ///< elites = max(2, ⌈elite_ratio · popsize⌉)
  double alpha_mean = 0.0;         ///< mean ← α·mean + (1−α)·elites' mean
  double alpha_std = 0.5;          ///< std ← α·std + (1−α)·elites' std
  std_reference std_around = std_reference::new_mean;
  std_floor floor = {};
  double std_max_change = std::numeric_limits<double>::infinity();  ///< |Δstd| ≤ this · std

  std::vector<std::vector<T>> inject = {};   ///< further members of the first generation
  std::vector<std::vector<T>> corners = {};  ///< the same, and reported as baselines
  double min_gain = 0.0;           ///< gain over the best baseline that counts as improvement
  elitist keep_best = elitist::archive;
  double keep_elites = 0.0;        ///< share of the elites that stay members of the next generation

  svf::sense sense = svf::sense::max;
  svf::nan_policy on_nan = svf::nan_policy::worst;
  std::uint64_t seed = 0;          ///< 0 is a seed like any other

  std::int64_t max_iters = 100;
  std::int64_t max_evals = std::numeric_limits<std::int64_t>::max();
  std::optional<double> target = {};
  double timeout = std::numeric_limits<double>::infinity();  ///< seconds; makes runs differ
  double tol_x = 0.0;              ///< 0: off
  double tol_f = 0.0;              ///< of the primary values; where these are equal, of the
                                   ///< secondary ones; 0: off
  std::int64_t flat_generations = 10;  ///< 0: off
  std::int64_t stagnation = 0;     ///< 0: off

  /// IPOP: when tol_x, tol_f, flat_fitness or stagnation would end the search, start again that
  /// many times from a uniform random mean with popsize multiplied by `popsize_growth`. Each start
  /// is a search of its own; the best of all is the result.
  int restarts = 0;
  double popsize_growth = 2.0;

  /// Asked after every generation, after the observers. True ends the search, in place of a restart
  /// too; a search that has ended keeps its reason. Not part of a saved search: one that is saved
  /// in here goes on.
  std::function<bool(cem_record<T> const&)> callback = {};
};

/// What a search with these options may suffer from, in words, though nothing forbids it: a popsize
/// below 4·dim/√generations, so that the deviation collapses before the mean has arrived, and fewer
/// than 4 elites, whose deviation says little. Empty if there is nothing to say.
template <class T>
std::vector<std::string> warnings(cem_options<T> const& o) {
  std::vector<std::string> found;
  double const generations =
      std::min(double(o.max_iters), double(o.max_evals) / double(std::max(o.popsize, index_t{1})));
  double const enough = 4.0 * double(o.dim) / std::sqrt(std::max(generations, 1.0));
  if (double(o.popsize) < enough) {
    found.push_back("popsize " + std::to_string(o.popsize) + " is small for dim " +
                    std::to_string(o.dim) + ": expected " +
                    std::to_string(index_t(std::ceil(enough))) + " or more");
  }
  index_t const elites = detail::elite_count(o.elite_ratio, o.popsize);
  if (elites < 4) {
    found.push_back("a deviation is taken from " + std::to_string(elites) +
                    " elites: expected 4 or more");
  }
  return found;
}

}  // namespace svf
