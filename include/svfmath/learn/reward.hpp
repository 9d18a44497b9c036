// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstddef>
#include <limits>
#include <span>

#include <svfmath/core/error.hpp>

namespace svf {

/// +1 for a right answer, −1 for a wrong one: the paper's reward.
constexpr float signed_reward(bool correct) noexcept { return correct ? 1.0f : -1.0f; }

/// Cuts rewards to [low, high]; the default leaves them alone.
struct reward_clip {
  float low = -std::numeric_limits<float>::infinity();
  float high = std::numeric_limits<float>::infinity();

  /// [−limit, limit], the released code's clipping.
  static constexpr reward_clip symmetric(float limit) noexcept { return {-limit, limit}; }

  constexpr float operator()(float reward) const noexcept {
    return std::clamp(reward, low, high);
  }

  friend bool operator==(reward_clip const&, reward_clip const&) = default;
};

/// Throws `error{numeric}` unless low ≤ high (so neither is NaN).
inline void check(reward_clip const& clip) {
  expects(clip.low <= clip.high, error_kind::numeric, "reward_clip: expected low <= high, got [",
          clip.low, ", ", clip.high, "]");
}

/// The rewards of a sequence's tokens when the answer earns `reward` at its end and every token
/// pays for leaving the reference: out(t) = reward − λ Σ_{i≥t} k1(i), no discount (REINFORCE++,
/// arXiv 2501.03262). Throws `error{shape}` unless `out` is as long as `k1`. O(tokens).
inline void reward_to_go(float reward, double lambda, std::span<double const> k1,
                         std::span<float> out) {
  expects(k1.size() == out.size(), error_kind::shape, "reward_to_go: expected ", k1.size(),
          " values out, got ", out.size());
  double cost = 0.0;
  for (std::size_t t = k1.size(); t-- > 0;) {
    cost += k1[t];
    out[t] = float(double(reward) - lambda * cost);
  }
}

}  // namespace svf
