// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

namespace svf {

/// Why a search ended.
enum class stop_reason {
  none,          ///< it has not
  target,        ///< the best value reached `target`
  max_iters,     ///< generations told
  max_evals,     ///< evaluations told; the last generation is completed
  timeout,       ///< seconds since the start
  tol_x,         ///< the largest standard deviation fell below the threshold
  tol_f,         ///< the spread of values within a generation fell below the threshold: of the
                 ///< primary ones, or of the secondary ones if the primary ones are equal
  flat_fitness,  ///< so many generations in a row in which all members were worth the same
  stagnation,    ///< so many generations in a row without a better best of this restart
  callback,      ///< the caller's callback asked for it
};

constexpr std::string_view to_string(stop_reason reason) noexcept {
  switch (reason) {
    case stop_reason::none: return "none";
    case stop_reason::target: return "target";
    case stop_reason::max_iters: return "max_iters";
    case stop_reason::max_evals: return "max_evals";
    case stop_reason::timeout: return "timeout";
    case stop_reason::tol_x: return "tol_x";
    case stop_reason::tol_f: return "tol_f";
    case stop_reason::flat_fitness: return "flat_fitness";
    case stop_reason::stagnation: return "stagnation";
    case stop_reason::callback: return "callback";
  }
  return "unknown";
}

/// The reason, the value that met the threshold, and the threshold. True when the search is over.
struct cem_stop {
  stop_reason reason = stop_reason::none;
  double value = 0.0;
  double threshold = 0.0;

  explicit operator bool() const { return reason != stop_reason::none; }
};

}  // namespace svf
