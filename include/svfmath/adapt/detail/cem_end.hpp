// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>

#include <svfmath/adapt/cem_options.hpp>
#include <svfmath/adapt/cem_state.hpp>
#include <svfmath/adapt/detail/cem_step.hpp>
#include <svfmath/core/random.hpp>

namespace svf::detail {

// The first reason to stop after a generation, in this order: the goal, the budgets, then signs
// that nothing more will come.
template <class T>
cem_stop why_stop(cem_options<T> const& o, cem_state<T> const& s, told_generation const& told,
                  double std_max, double elapsed) {
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
  if (std_max < o.tol_x) {
    return {stop_reason::tol_x, std_max, o.tol_x};
  }
  if (!told.flat && told.spread < o.tol_f) {
    return {stop_reason::tol_f, told.spread, o.tol_f};
  }
  if (o.flat_generations > 0 && s.flat >= o.flat_generations) {
    return {stop_reason::flat_fitness, double(s.flat), double(o.flat_generations)};
  }
  if (o.stagnation > 0 && s.since_better >= o.stagnation) {
    return {stop_reason::stagnation, double(s.since_better), double(o.stagnation)};
  }
  return {};
}

// The members of a generation after a restart; a whole number, which may exceed every limit.
template <class T>
double grown(cem_options<T> const& o, index_t popsize) {
  return ceiling(double(popsize) * o.popsize_growth);
}

// Starts again with a larger generation if the search ended for lack of progress and restarts are
// left: a fresh distribution without a contender. The best, the counters and the budgets go on.
template <class T>
bool restart(cem_options<T> const& o, cem_state<T>& s) {
  bool const stuck = s.stop.reason == stop_reason::tol_x || s.stop.reason == stop_reason::tol_f ||
                     s.stop.reason == stop_reason::flat_fitness ||
                     s.stop.reason == stop_reason::stagnation;
  double const popsize = grown(o, s.popsize);
  if (!stuck || s.restarts >= o.restarts || double(s.evals) + popsize > double(o.max_evals) ||
      popsize * double(o.dim) > 0x1p40) {
    return false;
  }
  ++s.restarts;
  s.popsize = index_t(popsize);
  s.since_restart = s.flat = s.since_better = 0;
  s.std = o.init_std;
  // Streams beyond those of the generations, one per kind: uniform and normal numbers of the same
  // stream share their bits.
  std::uint64_t const stream = (std::uint64_t{1} << 63) | std::uint64_t(s.restarts);
  random_stream const uniforms(o.seed, stream);
  random_stream const normals(o.seed, stream | (std::uint64_t{1} << 62));
  for (std::size_t c = 0; c < s.mean.size(); ++c) {
    double const lo = double(o.lower[c]);
    double const range = double(o.upper[c]) - lo;
    s.mean[c] = std::isfinite(range)
                    ? T(lo + range * uniforms.uniform(c))
                    : T(double(o.init_mean[c]) + double(o.init_std[c]) * normals.normal(c));
    s.mean[c] = std::clamp(s.mean[c], o.lower[c], o.upper[c]);
  }
  s.kept.clear();
  s.contender_x.clear();
  s.contender = unmeasured;
  s.stop = {};
  return true;
}

}  // namespace svf::detail
