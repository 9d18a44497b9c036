// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <type_traits>
#include <utility>
#include <vector>

#include <svfmath/learn/environment.hpp>
#include <svfmath/learn/gradient_clip.hpp>
#include <svfmath/learn/policy_gradient.hpp>
#include <svfmath/learn/trainer_options.hpp>
#include <svfmath/learn/trainer_state.hpp>

namespace svf {

/// Why `trainer::run` returned.
enum class run_end {
  finished,  ///< all steps of the options are done
  stale,     ///< early stopping
  observer,  ///< an observer asked for it; run() again goes on
};

/// In place of a validation callback: none, so the last z is the best.
struct no_validation {};

/// Learns one expert z from rewards: REINFORCE on batches of questions, AdamW on the parameters p
/// behind z. Owns its whole state, which `state()` shows and checkpoint.hpp saves; equal options,
/// σ, state and environment give equal steps, bit for bit.
class trainer {
 public:
  /// A new run over D = `dimension` components. `sigma` (σ of every component in layout order, D)
  /// may be left empty unless the parameterisation is additive.
  /// Throws `error{shape}` for sizes that do not fit, `error{numeric}` for a σ or z not finite and
  /// what `check(trainer_options)` throws.
  trainer(trainer_options options, std::size_t dimension, std::span<float const> sigma = {})
      : options_(std::move(options)), sigma_(sigma.begin(), sigma.end()) {
    state_.parameters.resize(dimension);
    random_stream const start(options_.seed, start_stream);
    for (std::size_t i = 0; i < dimension; ++i) {
      state_.parameters[i] =
          float(options_.start.mean + options_.start.deviation * start.normal(i));
    }
    state_.random = generator(options_.seed, action_stream);
    state_.order.seed = random_stream(options_.seed, order_stream).bits(0);
    state_.baseline = options_.baseline;
    state_.stopping = {options_.patience, options_.minimum_gain};
    check();
  }

  /// A run that goes on from a saved state. Throws as above, also for moments or a best z of
  /// another size, another advantage estimator or another seed.
  trainer(trainer_options options, trainer_state state, std::span<float const> sigma = {})
      : options_(std::move(options)),
        sigma_(sigma.begin(), sigma.end()),
        state_(std::move(state)) {
    check();
  }

  /// One step on the next batch: score, act, reward, differentiate, clip, update. With a KL
  /// coefficient of 0 the environment is not asked for its reference and the record's kl is 0.
  /// Throws `error{numeric}` if a score, gradient, moment or the new z is not finite and passes on
  /// what the environment throws; the trainer is then as it was before the step.
  template <class Env>
  step_record step(Env& env) {
    static_assert(policy_environment<Env>,
                  "trainer: the environment lacks a member of policy_environment");
    auto order = state_.order;
    auto random = state_.random;
    auto baseline = state_.baseline;
    auto const questions = order.next(std::size_t(env.size()), options_.batch);
    auto const scores = env.score(std::span<float const>(z()), questions);
    expects(scores.questions() == questions.size(), error_kind::shape, "trainer: expected scores ",
            "of ", questions.size(), " questions, got ", scores.questions());
    // Half of a step's forward passes, and nothing but the reported KL would come of them.
    auto const reference = options_.objective.kl.coefficient == 0.0 ? action_table<float>{}
                                                                    : env.reference(questions);
    auto const actions =
        draw_actions(log_softmax(scores), {options_.objective.mode, options_.samples}, random);
    auto rewards = table_like<float>(actions);
    for (std::size_t q = 0; q < questions.size(); ++q) {
      for (std::size_t s = 0; s < actions.actions(q); ++s) {
        rewards.row(q)[s] = float(env.reward(questions[q], actions.row(q)[s]));
      }
    }
    auto const result = policy_gradient(
        policy_gradient_batch<float>{scores, reference, actions, rewards}, baseline,
        options_.objective);
    auto gradient = gradient_in_parameters(env, result.dscores);
    step_record const record{state_.step + 1,   result.loss,
                             result.surrogate,  result.reward,
                             result.kl,         result.entropy,
                             clip_global_norm(gradient, options_.clip_norm),
                             options_.learning_rate(state_.step)};
    auto optimiser = state_.optimiser;
    auto parameters = state_.parameters;
    adamw_step(options_.optimiser, optimiser, parameters, gradient, record.learning_rate);
    check_finite(optimiser.first, "first moments");
    check_finite(optimiser.second, "second moments");
    check_finite(parameters, "parameters");
    static_cast<void>(z_of(parameters));
    state_.history.push_back(record);
    state_.optimiser = std::move(optimiser);
    state_.parameters = std::move(parameters);
    state_.order = order;
    state_.random = random;
    state_.baseline = baseline;
    ++state_.step;
    return record;
  }

  /// Steps until the options' number of steps, early stopping or an observer ends the run.
  /// `validate(z) -> double` (higher is better, or `no_validation{}`) is asked before the first
  /// step, every `validate_every` steps and after the last; the best z is kept. Then every
  /// observer is called as `observer(step_record const&, trainer const&)`; one that returns true
  /// stops the run, which a later run() continues as if nothing had happened. A validation that
  /// throws leaves the trainer after the step; the next run() begins with that validation.
  template <class Env, class Validate = no_validation, class... Observers>
  run_end run(Env& env, Validate&& validate = {}, Observers&&... observers) {
    if (validation_is_due()) {
      validate_now(validate);
    }
    while (state_.step < options_.steps) {
      if (state_.stopping.should_stop()) {
        return run_end::stale;
      }
      [[maybe_unused]] auto const record = step(env);
      if (validation_is_due()) {
        validate_now(validate);
      }
      bool stop = false;
      ((stop = notify(observers, record) || stop), ...);
      if (stop) {
        return run_end::observer;
      }
    }
    return run_end::finished;
  }

  /// z of the current parameters, D.
  std::vector<float> z() const { return z_of(state_.parameters); }

  /// z of the best validation, the first of equals; the current z if there was none.
  std::vector<float> best_z() const { return state_.best_z.empty() ? z() : state_.best_z; }

  std::uint64_t steps_done() const { return state_.step; }
  std::span<step_record const> history() const { return state_.history; }
  std::span<validation_record const> validations() const { return state_.validations; }
  trainer_options const& options() const { return options_; }
  trainer_state const& state() const { return state_; }
  std::span<float const> sigma() const { return sigma_; }

 private:
  static constexpr std::uint64_t start_stream = 1;
  static constexpr std::uint64_t action_stream = 2;
  static constexpr std::uint64_t order_stream = 3;

  static void check_finite(std::span<float const> values, char const* what) {
    for (std::size_t i = 0; i < values.size(); ++i) {
      expects(std::isfinite(values[i]), error_kind::numeric, "trainer: expected finite ", what,
              ", got ", values[i], " at component ", i);
    }
  }

  std::vector<float> z_of(std::span<float const> parameters) const {
    std::vector<float> result(parameters.size());
    to_z(options_.parameters, parameters, sigma_, result);
    check_finite(result, "z");
    return result;
  }

  void check() const {
    std::size_t const size = state_.parameters.size();
    auto const fits = [size](std::size_t n) { return n == 0 || n == size; };
    expects(size >= 1, error_kind::shape, "trainer: expected at least 1 component, got 0");
    expects(fits(sigma_.size()), error_kind::shape, "trainer: expected sigma of ", size,
            " components, got ", sigma_.size());
    expects(fits(state_.best_z.size()) && fits(state_.optimiser.first.size()) &&
                state_.optimiser.first.size() == state_.optimiser.second.size(),
            error_kind::shape, "trainer: expected moments and best z of ", size, " components");
    expects(state_.baseline.index() == options_.baseline.index(), error_kind::shape,
            "trainer: the state is of another advantage estimator than the options");
    for (float const s : sigma_) {
      expects(std::isfinite(s) && s >= 0.0f, error_kind::numeric,
              "trainer: expected finite sigma >= 0, got ", s);
    }
    svf::check(options_);
    advantage::check(state_.baseline);
    expects(state_.random.seed() == options_.seed && state_.random.stream() == action_stream &&
                state_.order.seed == random_stream(options_.seed, order_stream).bits(0),
            error_kind::numeric, "trainer: the state's random numbers are not those of seed ",
            options_.seed);
    static_cast<void>(z());
  }

  template <class Env>
  std::vector<float> gradient_in_parameters(Env& env, action_table<float> const& dscores) const {
    std::vector<float> dz(state_.parameters.size());
    env.backward(dscores, std::span<float>(dz));
    std::vector<float> dp(dz.size());
    chain(options_.parameters, state_.parameters, sigma_, dz, dp);
    return dp;
  }

  bool validation_is_due() const {
    bool const done =
        !state_.validations.empty() && state_.validations.back().step == state_.step;
    return options_.validate_every > 0 && !done &&
           (state_.step % options_.validate_every == 0 || state_.step == options_.steps);
  }

  template <class Validate>
  void validate_now(Validate& validate) {
    if constexpr (!std::is_same_v<std::remove_cvref_t<Validate>, no_validation>) {
      auto const now = z();
      double const score = double(std::invoke(validate, std::span<float const>(now)));
      if (state_.stopping.update(score)) {
        state_.best_z = now;
      }
      state_.validations.push_back({state_.step, score});
    }
  }

  template <class Observer>
  bool notify(Observer& observer, step_record const& record) const {
    using result = std::invoke_result_t<Observer&, step_record const&, trainer const&>;
    if constexpr (std::is_void_v<result>) {
      std::invoke(observer, record, *this);
      return false;
    } else {
      return bool(std::invoke(observer, record, *this));
    }
  }

  trainer_options options_;
  std::vector<float> sigma_;
  trainer_state state_;
};

}  // namespace svf
