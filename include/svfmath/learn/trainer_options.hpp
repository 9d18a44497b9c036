// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <variant>

#include <svfmath/core/error.hpp>
#include <svfmath/expert/normalisation.hpp>
#include <svfmath/expert/parameterisation.hpp>
#include <svfmath/learn/adamw.hpp>
#include <svfmath/learn/advantage.hpp>
#include <svfmath/learn/early_stopping.hpp>
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
  double clip_norm = 1e-3;           ///< of the gradient in p
  std::size_t batch = 256;           ///< questions per step; no more than there are
  std::uint64_t steps = 60;          ///< a cosine's `learning_rate.steps` is no less
  std::uint64_t validate_every = 5;  ///< steps; 0 validates never
  std::uint64_t patience = 0;        ///< validations without improvement before stopping; 0: never
  double minimum_gain = 0.0;         ///< of the score, that patience counts as improvement
  std::uint64_t seed = 0;

  friend bool operator==(trainer_options const&, trainer_options const&) = default;
};

/// Finds before the first step what no run could do. Throws `error{shape}` for batches of 0,
/// samples of 0, fewer samples than the advantage needs, or a baseline beside exact_expectation;
/// `error{numeric}` for settings out of range, for greedy actions with a sampled KL, and for a
/// cosine that ends before the run does, which would stand still from there on.
inline void check(trainer_options const& o) {
  auto const& objective = o.objective;
  check(objective.kl);
  check(objective.clip);
  check(objective.trust);
  advantage::check(o.baseline);
  check(early_stopping{.minimum_gain = o.minimum_gain});
  check(o.learning_rate);
  check(o.optimiser);
  expects(o.batch >= 1 && o.samples >= 1, error_kind::shape,
          "trainer_options: expected batch and samples >= 1, got ", o.batch, " and ", o.samples);
  expects(o.clip_norm > 0.0, error_kind::numeric, "trainer_options: expected clip_norm > 0, got ",
          o.clip_norm);
  bool const drawn = objective.mode == sampling::categorical;
  bool const in_groups = std::holds_alternative<advantage::leave_one_out>(o.baseline) ||
                         std::holds_alternative<advantage::group_normalised>(o.baseline);
  bool const in_batch = std::holds_alternative<advantage::batch_scaled>(o.baseline);
  std::size_t const group = drawn ? o.samples : 1;
  expects(!(in_groups && group < 2) && !(in_batch && group < 2 && o.batch < 2), error_kind::shape,
          "trainer_options: the advantage needs 2 samples or more, got ", group, " a question in ",
          to_string(objective.mode), " mode");
  expects(objective.mode != sampling::exact_expectation ||
              std::holds_alternative<advantage::none>(o.baseline),
          error_kind::shape, "trainer_options: exact_expectation takes advantage::none");
  expects(objective.mode != sampling::greedy || objective.kl.estimator == kl_estimator::exact,
          error_kind::numeric, "trainer_options: ", to_string(objective.kl.estimator),
          " needs actions drawn from the policy, got greedy ones");
  expects(o.learning_rate.kind != schedule_kind::cosine || o.learning_rate.steps >= o.steps,
          error_kind::numeric, "trainer_options: expected a cosine learning rate over the run's ",
          o.steps, " steps or more, got learning_rate.steps = ", o.learning_rate.steps);
}

}  // namespace svf
