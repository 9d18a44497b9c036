// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include <svfmath/core/error.hpp>

namespace svf {

struct adamw_options {
  double beta1 = 0.9;
  double beta2 = 0.999;
  double epsilon = 1e-8;
  double weight_decay = 0.0;
  double decay_centre = 0.0;  ///< decay pulls towards this value; the identity of z, say

  friend bool operator==(adamw_options const&, adamw_options const&) = default;
};

/// Throws `error{numeric}` unless both β are in [0, 1), ε > 0 and the decay is finite.
inline void check(adamw_options const& options) {
  auto const in_unit = [](double beta) { return beta >= 0.0 && beta < 1.0; };
  expects(in_unit(options.beta1) && in_unit(options.beta2) && options.epsilon > 0.0 &&
              std::isfinite(options.weight_decay) && std::isfinite(options.decay_centre),
          error_kind::numeric, "adamw: expected beta in [0,1), epsilon > 0 and a finite decay");
}

/// All that AdamW remembers: save it to resume.
struct adamw_state {
  std::vector<float> first;   ///< m, D
  std::vector<float> second;  ///< v, D
  std::uint64_t steps = 0;    ///< t

  friend bool operator==(adamw_state const&, adamw_state const&) = default;
};

/// One step of AdamW (Loshchilov, Hutter: "Decoupled weight decay regularization", 2019):
///
///   m ← β₁m + (1−β₁)g          p ← p − lr·λ·(p − centre)
///   v ← β₂v + (1−β₂)g²         p ← p − lr · (m/(1−β₁ᵗ)) / (√(v/(1−β₂ᵗ)) + ε)
///
/// Parameters and moments are float, arithmetic is double. An empty state starts at zero.
/// Throws `error{shape}` if sizes differ, `error{numeric}` for a rate or options out of range;
/// gradients are the caller's to check (see clip_global_norm). O(D).
inline void adamw_step(adamw_options const& options, adamw_state& state,
                       std::span<float> parameters, std::span<float const> gradients,
                       double learning_rate) {
  check(options);
  expects(std::isfinite(learning_rate), error_kind::numeric,
          "adamw_step: expected a finite learning rate, got ", learning_rate);
  std::size_t const size = parameters.size();
  if (state.steps == 0 && state.first.empty() && state.second.empty()) {
    state.first.assign(size, 0.0f);
    state.second.assign(size, 0.0f);
  }
  expects(gradients.size() == size && state.first.size() == size && state.second.size() == size,
          error_kind::shape, "adamw_step: expected ", size, " gradients and moments, got ",
          gradients.size(), " and ", state.first.size());
  ++state.steps;
  double const t = double(state.steps);
  double const first_correction = 1.0 - std::pow(options.beta1, t);
  double const second_correction = 1.0 - std::pow(options.beta2, t);
  double const decay = learning_rate * options.weight_decay;
  for (std::size_t i = 0; i < size; ++i) {
    double const g = double(gradients[i]);
    double const m = options.beta1 * double(state.first[i]) + (1.0 - options.beta1) * g;
    double const v = options.beta2 * double(state.second[i]) + (1.0 - options.beta2) * g * g;
    double const p = double(parameters[i]);
    double const spread = std::sqrt(v / second_correction) + options.epsilon;
    double const move = (m / first_correction) / spread;
    state.first[i] = float(m);
    state.second[i] = float(v);
    parameters[i] = float(p - decay * (p - options.decay_centre) - learning_rate * move);
  }
}

}  // namespace svf
