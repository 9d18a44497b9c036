// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include <svfmath/core/error.hpp>
#include <svfmath/learn/trainer_state.hpp>

namespace svf::detail {

/// A trainer's state as plain arrays: what a file holds, in types that it holds exactly.
struct flat_state {
  std::vector<float> parameters, first_moment, second_moment, best_z, sigma;
  std::vector<std::uint64_t> counters;       // by `counter`
  std::vector<double> reals;                 // best validation score, sum of `ema`
  std::vector<std::uint64_t> history_steps;  // n
  std::vector<double> history_values;        // n × 7
  std::vector<std::uint64_t> validation_steps;
  std::vector<double> validation_scores;

  enum counter : std::size_t {
    step,
    optimiser_steps,
    random_seed,
    random_stream,
    random_position,
    order_seed,
    order_questions,
    order_epoch,
    order_position,
    stale,
    ema_batches,
    counter_count
  };
  static constexpr std::size_t real_count = 2;
  static constexpr std::size_t record_width = 7;
};

/// Calls `visit(name, array)` for every array: the one list that writer and reader share.
template <class State, class Visit>
void for_each_array(State& state, Visit&& visit) {
  visit("parameters", state.parameters);
  visit("optimiser.first", state.first_moment);
  visit("optimiser.second", state.second_moment);
  visit("best_z", state.best_z);
  visit("sigma", state.sigma);
  visit("counters", state.counters);
  visit("reals", state.reals);
  visit("history.steps", state.history_steps);
  visit("history.values", state.history_values);
  visit("validations.steps", state.validation_steps);
  visit("validations.scores", state.validation_scores);
}

inline flat_state flatten(trainer_state const& s, std::span<float const> sigma) {
  auto const* const average = std::get_if<advantage::ema>(&s.baseline);
  flat_state flat;
  flat.parameters = s.parameters;
  flat.first_moment = s.optimiser.first;
  flat.second_moment = s.optimiser.second;
  flat.best_z = s.best_z;
  flat.sigma.assign(sigma.begin(), sigma.end());
  auto& c = flat.counters;
  c.resize(flat_state::counter_count);
  c[flat_state::step] = s.step;
  c[flat_state::optimiser_steps] = s.optimiser.steps;
  c[flat_state::random_seed] = s.random.seed();
  c[flat_state::random_stream] = s.random.stream();
  c[flat_state::random_position] = s.random.position();
  c[flat_state::order_seed] = s.order.seed;
  c[flat_state::order_questions] = s.order.questions;
  c[flat_state::order_epoch] = s.order.epoch;
  c[flat_state::order_position] = s.order.position;
  c[flat_state::stale] = s.stopping.stale;
  c[flat_state::ema_batches] = average != nullptr ? average->batches : 0;
  flat.reals = {s.stopping.best, average != nullptr ? average->sum : 0.0};
  for (auto const& r : s.history) {
    flat.history_steps.push_back(r.step);
    flat.history_values.insert(flat.history_values.end(),
                               {r.loss, r.surrogate, r.reward, r.kl, r.entropy, r.gradient_norm,
                                r.learning_rate});
  }
  for (auto const& v : s.validations) {
    flat.validation_steps.push_back(v.step);
    flat.validation_scores.push_back(v.score);
  }
  return flat;
}

/// The state again. What the options decide (the estimator, patience) comes from `initial`, the
/// state of a new trainer of the same options, whose early stopping sees the scores again. Throws
/// `error{format}` naming `where` if the arrays contradict each other.
inline trainer_state unflatten(flat_state const& flat, trainer_state initial,
                               std::string_view where) {
  auto const require = [&](bool holds, char const* what) {
    expects(holds, error_kind::format, where, ": not a trainer's state: ", what);
  };
  std::size_t const size = flat.parameters.size();
  std::size_t const records = flat.history_steps.size();
  auto const& c = flat.counters;
  require(c.size() == flat_state::counter_count && flat.reals.size() == flat_state::real_count,
          "the counts of counters and reals are wrong");
  require(size >= 1, "there are no parameters");
  require(c[flat_state::step] == records && c[flat_state::optimiser_steps] == records &&
              flat.history_values.size() == records * flat_state::record_width,
          "the history is not as long as the run");
  require(flat.first_moment.size() == (records == 0 ? 0 : size) &&
              flat.second_moment.size() == flat.first_moment.size(),
          "the moments do not fit the parameters");
  std::size_t const evaluations = flat.validation_steps.size();
  require(flat.validation_scores.size() == evaluations &&
              flat.best_z.size() == (evaluations == 0 ? 0 : size),
          "the validations and the best z do not fit");
  require(std::ranges::is_sorted(flat.validation_steps) &&
              (evaluations == 0 || flat.validation_steps.back() <= c[flat_state::step]),
          "the validations are not those of the steps done");
  require(flat.sigma.empty() || flat.sigma.size() == size, "sigma does not fit the parameters");
  require(c[flat_state::order_position] <= c[flat_state::order_questions],
          "the position in the epoch lies beyond its questions");
  for (float const v : flat.second_moment) {
    require(v >= 0.0f, "a second moment is negative");
  }
  for (double const score : flat.validation_scores) {
    initial.stopping.update(score);
  }
  require(c[flat_state::stale] == initial.stopping.stale && flat.reals[0] == initial.stopping.best,
          "the early stopping is not that of the validations");

  trainer_state s = std::move(initial);
  s.parameters = flat.parameters;
  s.optimiser = {flat.first_moment, flat.second_moment, c[flat_state::optimiser_steps]};
  s.best_z = flat.best_z;
  s.step = c[flat_state::step];
  s.random = generator(c[flat_state::random_seed], c[flat_state::random_stream],
                       c[flat_state::random_position]);
  s.order = {c[flat_state::order_seed], c[flat_state::order_questions], c[flat_state::order_epoch],
             c[flat_state::order_position]};
  if (auto* const average = std::get_if<advantage::ema>(&s.baseline)) {
    average->batches = c[flat_state::ema_batches];
    average->sum = flat.reals[1];
  }
  for (std::size_t i = 0; i < records; ++i) {
    double const* const v = flat.history_values.data() + i * flat_state::record_width;
    s.history.push_back({flat.history_steps[i], v[0], v[1], v[2], v[3], v[4], v[5], v[6]});
  }
  for (std::size_t i = 0; i < evaluations; ++i) {
    s.validations.push_back({flat.validation_steps[i], flat.validation_scores[i]});
  }
  return s;
}

}  // namespace svf::detail
