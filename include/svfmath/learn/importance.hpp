// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cmath>

#include <svfmath/core/error.hpp>

namespace svf {

/// What one sampled action adds to the loss.
struct surrogate_term {
  double loss;         ///< to minimise
  double coefficient;  ///< c in ∇loss = c·∇log π(a)
};

/// On-policy REINFORCE: loss −A·log π(a).
inline surrogate_term reinforce_term(double advantage, double log_policy) {
  return {-advantage * log_policy, -advantage};
}

/// The trust region of PPO and GRPO for actions drawn from an earlier policy: with the ratio
/// ρ = π(a)/π_behaviour(a), loss = −min(ρA, clip(ρ, 1−low, 1+high)·A). Infinite bounds give plain
/// importance sampling.
/// Throws `error{numeric}` if ρ or ρA is not finite: the policies are too far apart to learn from.
struct ratio_clip {
  double low = 0.2;
  double high = 0.2;

  surrogate_term operator()(double advantage, double log_policy, double log_behaviour) const {
    double const ratio = std::exp(log_policy - log_behaviour);
    double const free = ratio * advantage;
    expects(std::isfinite(ratio) && std::isfinite(free), error_kind::numeric,
            "ratio_clip: expected a finite ratio of policy to behaviour, got exp(", log_policy,
            " - ", log_behaviour, ") with advantage ", advantage);
    double const held = std::min(std::max(ratio, 1.0 - low), 1.0 + high) * advantage;
    return {-std::min(free, held), free <= held ? -free : 0.0};
  }

  friend bool operator==(ratio_clip const&, ratio_clip const&) = default;
};

/// Throws `error{numeric}` unless both bounds are 0 or more; infinity is allowed, NaN is not.
inline void check(ratio_clip const& clip) {
  expects(clip.low >= 0.0 && clip.high >= 0.0, error_kind::numeric,
          "ratio_clip: expected low and high >= 0, got ", clip.low, " and ", clip.high);
}

}  // namespace svf
