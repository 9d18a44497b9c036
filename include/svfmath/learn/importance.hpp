// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cmath>

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
struct ratio_clip {
  double low = 0.2;
  double high = 0.2;

  surrogate_term operator()(double advantage, double log_policy, double log_behaviour) const {
    double const ratio = std::exp(log_policy - log_behaviour);
    double const free = ratio * advantage;
    double const held = std::clamp(ratio, 1.0 - low, 1.0 + high) * advantage;
    return {-std::min(free, held), free <= held ? -free : 0.0};
  }

  friend bool operator==(ratio_clip const&, ratio_clip const&) = default;
};

}  // namespace svf
