// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cmath>
#include <cstdint>

#include <svfmath/core/error.hpp>

namespace svf {

/// Watches a validation score (higher is better) and says when `patience` evaluations in a row
/// brought no improvement of more than `minimum_gain`. Patience 0 never stops. A plain value: save
/// its members to resume.
struct early_stopping {
  std::uint64_t patience = 0;
  double minimum_gain = 0.0;

  double best = 0.0;              ///< meaningful once evaluations > 0
  std::uint64_t evaluations = 0;  ///< seen so far
  std::uint64_t stale = 0;        ///< evaluations since the best

  /// Takes the next score and returns whether it is the best so far.
  /// Throws `error{numeric}` for a score that is not finite.
  bool update(double score) {
    expects(std::isfinite(score), error_kind::numeric,
            "early_stopping: expected a finite score, got ", score);
    bool const improved = evaluations == 0 || score > best + minimum_gain;
    best = improved ? score : best;
    stale = improved ? 0 : stale + 1;
    ++evaluations;
    return improved;
  }

  bool should_stop() const { return patience > 0 && stale >= patience; }

  friend bool operator==(early_stopping const&, early_stopping const&) = default;
};

}  // namespace svf
