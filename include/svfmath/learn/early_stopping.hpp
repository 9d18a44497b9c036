// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cmath>
#include <cstdint>

#include <svfmath/core/error.hpp>

namespace svf {

/// Watches a validation score (higher is better) and says when `patience` evaluations in a row
/// brought no gain of more than `minimum_gain` over the mark, the score at the last such gain.
/// Patience 0 never stops. A plain value, and a function of its settings and the scores: save
/// either to resume.
struct early_stopping {
  std::uint64_t patience = 0;
  double minimum_gain = 0.0;

  double best = 0.0;              ///< meaningful once evaluations > 0
  double mark = 0.0;              ///< likewise; below the best by minimum_gain at most
  std::uint64_t evaluations = 0;  ///< seen so far
  std::uint64_t stale = 0;        ///< evaluations since the mark

  /// Takes the next score and returns whether it is the best so far, by however little.
  /// Throws `error{numeric}` for a score that is not finite.
  bool update(double score) {
    expects(std::isfinite(score), error_kind::numeric,
            "early_stopping: expected a finite score, got ", score);
    bool const is_best = evaluations == 0 || score > best;
    bool const is_gain = evaluations == 0 || score > mark + minimum_gain;
    best = is_best ? score : best;
    mark = is_gain ? score : mark;
    stale = is_gain ? 0 : stale + 1;
    ++evaluations;
    return is_best;
  }

  bool should_stop() const { return patience > 0 && stale >= patience; }

  friend bool operator==(early_stopping const&, early_stopping const&) = default;
};

/// Throws `error{numeric}` unless the minimum gain is finite and 0 or more.
inline void check(early_stopping const& watch) {
  expects(std::isfinite(watch.minimum_gain) && watch.minimum_gain >= 0.0, error_kind::numeric,
          "early_stopping: expected a finite minimum_gain >= 0, got ", watch.minimum_gain);
}

}  // namespace svf
