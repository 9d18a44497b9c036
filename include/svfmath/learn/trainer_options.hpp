// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>

#include <svfmath/expert/normalisation.hpp>
#include <svfmath/expert/parameterisation.hpp>
#include <svfmath/learn/adamw.hpp>
#include <svfmath/learn/advantage.hpp>
#include <svfmath/learn/policy_gradient.hpp>
#include <svfmath/learn/rollout.hpp>
#include <svfmath/learn/schedule.hpp>

namespace svf {

/// p(i) = mean + deviation·N(0,1) at the start.
struct initialisation {
  double mean = 1.0;
  double deviation = 0.01;

  friend bool operator==(initialisation const&, initialisation const&) = default;
};

/// The start at exactly z = 1, the base model.
constexpr initialisation identity_start(parameterisation kind) noexcept {
  return {double(identity_parameter(kind)), 0.0};
}

/// Everything that decides a training run, given the environment. See preset.hpp for the paper's
/// and the released code's settings.
struct trainer_options {
  parameterisation parameters = parameterisation::direct;
  normalisation normalise = normalisation::none;  ///< for the environment: how W' is formed from z
  initialisation start{};
  std::size_t samples = 1;  ///< actions drawn per question, when they are drawn
  advantage::any baseline{};
  policy_gradient_options objective{};
  adamw_options optimiser{};
  schedule learning_rate{};
  double clip_norm = 1e-3;  ///< of the gradient in p
  std::size_t batch = 256;  ///< questions per step; no more than there are
  std::uint64_t steps = 60;
  std::uint64_t validate_every = 5;  ///< steps; 0 validates never
  std::uint64_t patience = 0;        ///< validations without improvement before stopping; 0: never
  double minimum_gain = 0.0;         ///< what counts as an improvement of the validation score
  std::uint64_t seed = 0;

  friend bool operator==(trainer_options const&, trainer_options const&) = default;
};

}  // namespace svf
