// SPDX-License-Identifier: Apache-2.0
#include <svfmath/learn/trainer.hpp>

#include <doctest/doctest.h>

#include <cmath>
#include <cstdint>
#include <span>
#include <stdexcept>
#include <vector>

#include <svfmath/learn/preset.hpp>

#include "support/bandit.hpp"
#include "support/close.hpp"

using svf::parameterisation;
using svf::trainer;
using svf::trainer_options;
using test::dimension;
using test::sigma;

namespace {

trainer_options quick_options(std::uint64_t steps = 60) {
  auto o = svf::make_options(svf::preset::direct, steps);
  o.learning_rate.base = 0.1;
  o.batch = 32;
  o.seed = 4;
  o.objective.kl.coefficient = 0.01;
  return o;
}

// A bandit that refuses after some steps or answers nonsense.
struct moody_bandit : test::bandit {
  using bandit::bandit;
  int until_nan = 1000;
  void backward(svf::action_table<float> const& dscores, std::span<float> dz) {
    bandit::backward(dscores, dz);
    if (until_nan-- == 0) dz[0] = NAN;
  }
};

static_assert(svf::policy_environment<test::bandit>);
static_assert(!svf::policy_environment<int>);

}  // namespace

TEST_CASE("trainer: a bandit is learnt, in every parameterisation and sampling mode") {
  for (auto const kind : {parameterisation::direct, parameterisation::sigmoid,
                          parameterisation::exponential, parameterisation::additive}) {
    for (auto const mode : {svf::sampling::categorical, svf::sampling::exact_expectation,
                            svf::sampling::greedy}) {
      CAPTURE(to_string(kind));
      CAPTURE(to_string(mode));
      test::bandit env(96, dimension, 17);
      auto o = quick_options();
      o.parameters = kind;
      o.start = {double(svf::identity_parameter(kind)), 0.01};
      o.objective.mode = mode;
      trainer run(o, dimension, sigma);
      double const before = env.accuracy(run.z());
      CHECK(run.run(env) == svf::run_end::finished);
      CHECK(run.steps_done() == 60);
      CHECK(env.accuracy(run.z()) > before + 0.1);
      CHECK(run.history().back().reward > run.history().front().reward);
      CHECK(run.best_z() == run.z());
    }
  }
}

TEST_CASE("trainer: the gradient in p is the gradient of the loss, for every parameterisation") {
  for (auto const kind : {parameterisation::direct, parameterisation::sigmoid,
                          parameterisation::exponential, parameterisation::additive}) {
    CAPTURE(to_string(kind));
    auto o = quick_options();
    o.parameters = kind;
    o.start = {double(svf::identity_parameter(kind)) + 0.1, 0.1};
    o.objective.mode = svf::sampling::exact_expectation;
    o.objective.kl.coefficient = 0.5;
    o.batch = 96;
    o.learning_rate = {svf::schedule_kind::constant, 1e-3};
    o.optimiser.epsilon = 1e6;  // p moves by −lr·g/ε: along the gradient
    o.learning_rate.base = 1e6 * 1e-2;
    o.clip_norm = 1e9;
    test::bandit env(96, dimension, 3);
    trainer run(o, dimension, sigma);
    auto const before = run.state().parameters;
    double const loss = run.step(env).loss;
    auto const& after = run.state().parameters;
    double predicted = 0.0, length = 0.0;
    for (std::size_t i = 0; i < dimension; ++i) {
      double const d = double(after[i]) - double(before[i]);
      predicted += d * d / 1e-2;  // −g·d with d = −1e-2·g
      length += d * d;
    }
    CHECK(test::close_relative(std::sqrt(length) / 1e-2, run.history()[0].gradient_norm, 1e-3));
    double const drop = loss - run.step(env).loss;
    CHECK(drop > 0.0);
    CHECK(test::close_relative(drop, predicted, 0.1));  // second order in a step of 1e-2·g
  }
}

TEST_CASE("trainer: steps are those of the public parts, bit for bit, in every field") {
  struct setting {
    svf::sampling mode;
    svf::kl_penalty kl;
    svf::advantage::any baseline;
  };
  auto const to_reference = svf::kl_direction::policy_to_reference;
  auto const to_policy = svf::kl_direction::reference_to_policy;
  for (auto const& s :
       {setting{svf::sampling::categorical,
                {0.3, to_reference, svf::kl_estimator::exact},
                svf::advantage::leave_one_out{}},
        setting{svf::sampling::categorical,
                {0.2, to_policy, svf::kl_estimator::k3},
                svf::advantage::ema{.decay = 0.5}},
        setting{svf::sampling::categorical,
                {0.2, to_reference, svf::kl_estimator::k2},
                svf::advantage::group_mean{}},
        setting{svf::sampling::greedy,
                {0.1, to_policy, svf::kl_estimator::exact},
                svf::advantage::batch_mean{}}}) {
    CAPTURE(to_string(s.mode));
    CAPTURE(to_string(s.kl.estimator));
    trainer_options o;
    o.parameters = parameterisation::sigmoid;
    o.start = {0.3, 0.4};
    o.samples = 3;
    o.baseline = s.baseline;
    o.objective = {.mode = s.mode, .kl = s.kl, .clip = {-0.25f, 0.75f}};
    o.optimiser = {.beta1 = 0.8, .beta2 = 0.9, .weight_decay = 0.1, .decay_centre = 0.5};
    o.learning_rate = {svf::schedule_kind::cosine, 0.2, 0.01, 7, 2};
    o.steps = 7;
    o.clip_norm = 0.005;
    o.batch = 20;
    o.seed = 12;
    test::bandit env(30, dimension, 17), other(30, dimension, 17);
    trainer run(o, dimension, sigma);
    auto parameters = run.state().parameters;
    auto random = run.state().random;
    auto order = run.state().order;
    auto baseline = o.baseline;
    svf::adamw_state moments;
    for (std::uint64_t t = 0; t < 3; ++t) {
      CAPTURE(t);
      std::vector<float> z(dimension), dz(dimension), dp(dimension);
      svf::to_z(o.parameters, parameters, sigma, z);
      auto const asked = order.next(30, 20);
      auto const scores = other.score(z, asked);
      auto const reference = other.reference(asked);
      auto const taken = svf::draw_actions(svf::log_softmax(scores), {s.mode, 3}, random);
      auto rewards = svf::table_like<float>(taken);
      for (std::size_t q = 0; q < asked.size(); ++q) {
        for (std::size_t i = 0; i < taken.actions(q); ++i) {
          rewards.row(q)[i] = other.reward(asked[q], taken.row(q)[i]);
        }
      }
      auto const result = svf::policy_gradient(
          svf::policy_gradient_batch<float>{scores, reference, taken, rewards}, baseline,
          o.objective);
      other.backward(result.dscores, dz);
      svf::chain(o.parameters, parameters, sigma, dz, dp);
      double const norm = svf::clip_global_norm(dp, o.clip_norm);
      double const rate = o.learning_rate(t);
      svf::adamw_step(o.optimiser, moments, parameters, dp, rate);
      svf::step_record const expected{t + 1,     result.loss,    result.surrogate, result.reward,
                                      result.kl, result.entropy, norm,             rate};
      auto const record = run.step(env);
      CHECK(record == expected);
      CHECK(norm > o.clip_norm);
      CHECK(result.kl != 0.0);
      CHECK(result.entropy > 0.1);
      CHECK(run.state().parameters == parameters);
      CHECK(run.state().optimiser == moments);
      CHECK(run.state().baseline == baseline);
      CHECK(run.state().random == random);
      CHECK(run.state().order == order);
    }
    CHECK(run.history().size() == 3);
  }
}

TEST_CASE("trainer: the best z is that of the best score, however small its gain") {
  test::bandit env(96, dimension, 17);
  auto o = quick_options(10);
  o.validate_every = 1;
  o.minimum_gain = 0.5;
  o.patience = 4;
  trainer run(o, dimension);
  std::vector<std::vector<float>> seen;
  std::vector<double> const scores{1.0, 1.25, 1.375, 1.0, 1.375};
  auto const validate = [&](std::span<float const> z) {
    seen.emplace_back(z.begin(), z.end());
    return scores[seen.size() - 1];
  };
  CHECK(run.run(env, validate) == svf::run_end::stale);  // no gain of more than 0.5
  REQUIRE(seen.size() == 5);
  CHECK(run.best_z() == seen[2]);
  CHECK(run.state().stopping.best == 1.375);
}

TEST_CASE("trainer: equal seeds give equal runs, other seeds other runs") {
  auto const z_of = [](std::uint64_t seed) {
    test::bandit env(96, dimension, 17);
    auto o = quick_options(10);
    o.seed = seed;
    trainer run(o, dimension);
    run.run(env);
    return run.z();
  };
  CHECK(z_of(1) == z_of(1));
  CHECK(z_of(1) != z_of(2));
}

TEST_CASE("trainer: the start follows mean and deviation, and the identity start is exact") {
  auto o = quick_options();
  o.start = {0.5, 0.25};
  trainer const run(o, 20000);
  double mean = 0.0, square = 0.0;
  for (float const p : run.state().parameters) mean += double(p) / 20000;
  for (float const p : run.state().parameters) square += std::pow(double(p) - mean, 2) / 20000;
  CHECK(test::close(mean, 0.5, 5 * 0.25 / std::sqrt(20000.0)));
  CHECK(test::close(std::sqrt(square), 0.25, 5 * 0.25 / std::sqrt(40000.0)));
  for (auto const kind : {parameterisation::direct, parameterisation::sigmoid,
                          parameterisation::exponential, parameterisation::additive}) {
    o.parameters = kind;
    o.start = svf::identity_start(kind);
    CHECK(trainer(o, dimension, sigma).z() == std::vector<float>(dimension, 1.0f));
  }
}

TEST_CASE("trainer: the best validation's z is kept and early stopping ends the run") {
  test::bandit env(96, dimension, 17);
  auto o = quick_options(50);
  o.validate_every = 3;
  o.patience = 4;
  trainer run(o, dimension);
  std::vector<std::vector<float>> seen;
  auto const validate = [&](std::span<float const> z) {
    seen.emplace_back(z.begin(), z.end());
    return seen.size() <= 3 ? double(seen.size()) : 0.0;  // best at the third: after step 6
  };
  CHECK(run.run(env, validate) == svf::run_end::stale);
  CHECK(run.steps_done() == 18);
  REQUIRE(seen.size() == 7);
  CHECK(run.best_z() == seen[2]);
  CHECK(run.best_z() != run.z());
  CHECK(run.validations()[2] == svf::validation_record{6, 3.0});
  CHECK(run.run(env, validate) == svf::run_end::stale);
  CHECK(run.steps_done() == 18);
}

TEST_CASE("trainer: the last step is validated, whatever the interval") {
  test::bandit env(96, dimension, 17);
  auto o = quick_options(7);
  trainer run(o, dimension);
  run.run(env, [&](std::span<float const> z) { return env.accuracy(z); });
  REQUIRE(run.validations().size() == 3);
  CHECK(run.validations()[1].step == 5);
  CHECK(run.validations()[2].step == 7);
}

TEST_CASE("trainer: observers see every step; stopping and going on changes nothing") {
  test::bandit env(96, dimension, 17), again(96, dimension, 17);
  trainer whole(quick_options(12), dimension), pieces(quick_options(12), dimension);
  auto const validate = [](std::span<float const> z) { return -double(z[0]); };
  std::uint64_t steps = 0;
  whole.run(env, validate, [&](svf::step_record const& r, trainer const& t) {
    CHECK(r.step == ++steps);
    CHECK(t.history().back() == r);
  });
  CHECK(steps == 12);
  int calls = 0, others = 0;
  auto const stop = [&](svf::step_record const&, trainer const&) { return ++calls > 0; };
  auto const count = [&](svf::step_record const&, trainer const&) { ++others; };
  while (pieces.steps_done() < 12) {
    CHECK(pieces.run(again, validate, stop, count) == svf::run_end::observer);
  }
  CHECK(calls == 12);
  CHECK(others == 12);
  CHECK(pieces.state() == whole.state());
}

TEST_CASE("trainer: a validation that throws is made up for by the next run") {
  test::bandit env(96, dimension, 17);
  auto o = quick_options(12);  // validated before step 1 and after 5, 10 and 12
  o.patience = 3;
  auto const score = [](std::span<float const> z) { return -double(z[0]); };
  trainer whole(o, dimension);
  whole.run(env, score);
  REQUIRE(whole.validations().size() == 4);
  for (int failing = 0; failing < 4; ++failing) {
    CAPTURE(failing);
    test::bandit again(96, dimension, 17);
    trainer run(o, dimension);
    int calls = 0;
    auto const moody = [&](std::span<float const> z) {
      if (calls++ == failing) throw std::runtime_error("no answer");
      return score(z);
    };
    CHECK_THROWS_AS(run.run(again, moody), std::runtime_error);
    CHECK(run.steps_done() == std::vector<std::uint64_t>{0, 5, 10, 12}[std::size_t(failing)]);
    CHECK(run.run(again, moody) == svf::run_end::finished);
    CHECK(calls == 5);
    CHECK(run.state() == whole.state());
  }
}

TEST_CASE("trainer: a failed step leaves the trainer as it was") {
  moody_bandit env(96, dimension, 17);
  env.until_nan = 3;
  auto o = quick_options();
  o.baseline = svf::advantage::ema{};
  trainer run(o, dimension);
  for (int i = 0; i < 3; ++i) run.step(env);
  auto const before = run.state();
  CHECK_THROWS_AS(run.step(env), svf::error);
  CHECK(run.state() == before);
  CHECK_NOTHROW(run.step(env));
}

TEST_CASE("trainer: a step to a z that is not finite is refused and leaves the trainer as it was") {
  test::bandit env(96, dimension, 17);
  auto o = quick_options();
  o.parameters = parameterisation::exponential;
  o.start = svf::identity_start(o.parameters);
  o.learning_rate.base = 100.0;  // AdamW's first step is ±rate, and exp(100) exceeds any float
  trainer run(o, dimension);
  auto const before = run.state();
  CHECK_THROWS_WITH_AS(run.step(env), doctest::Contains("finite z"), svf::error);
  CHECK(run.state() == before);
  CHECK(run.z() == std::vector<float>(dimension, 1.0f));
  CHECK_THROWS_AS(run.run(env), svf::error);
  CHECK(run.state() == before);
}

TEST_CASE("trainer: a step to a moment that is not finite is refused likewise") {
  struct steep_bandit : test::bandit {
    using bandit::bandit;
    void backward(svf::action_table<float> const&, std::span<float> dz) { dz[0] = 1e30f; }
  };
  steep_bandit env(96, dimension, 17);
  auto o = quick_options();
  o.clip_norm = 1e38;
  trainer run(o, dimension);
  auto const before = run.state();
  CHECK_THROWS_WITH_AS(run.step(env), doctest::Contains("second moments"), svf::error);
  CHECK(run.state() == before);
}

TEST_CASE("trainer: what does not fit is refused") {
  auto const o = quick_options();
  auto additive = o;
  additive.parameters = parameterisation::additive;
  CHECK_THROWS_AS(trainer(o, std::size_t{0}), svf::error);
  CHECK_THROWS_AS(trainer(additive, dimension), svf::error);
  CHECK_THROWS_AS(trainer(o, 5, sigma), svf::error);
  std::vector<float> bad(dimension, NAN);
  CHECK_THROWS_AS(trainer(o, dimension, bad), svf::error);
  auto wild = o;
  wild.start = {INFINITY, 0.0};
  CHECK_THROWS_AS(trainer(wild, dimension), svf::error);
  auto wrong_kl = o;
  wrong_kl.objective.kl.estimator = svf::kl_estimator::k3;
  CHECK_THROWS_AS(trainer(wrong_kl, dimension), svf::error);
  auto wrong_trust = o;
  wrong_trust.objective.trust.low = -1.0;
  CHECK_THROWS_AS(trainer(wrong_trust, dimension), svf::error);
  auto state = trainer(o, dimension).state();
  state.best_z = {1.0f};
  CHECK_THROWS_AS(trainer(o, state), svf::error);
  test::bandit none(0, dimension, 1);
  trainer run(o, dimension);
  CHECK_THROWS_AS(run.step(none), svf::error);
}

TEST_CASE("trainer: without a KL penalty the base model is not asked") {
  struct counting : test::bandit {
    using test::bandit::bandit;
    int asked = 0;
    svf::action_table<float> reference(std::span<std::size_t const> questions) {
      ++asked;
      return test::bandit::reference(questions);
    }
  };
  auto o = quick_options(3);
  for (double const coefficient : {0.0, 0.01}) {
    CAPTURE(coefficient);
    o.objective.kl.coefficient = coefficient;
    counting env(40, dimension, 17);
    trainer run(o, dimension);
    run.run(env);
    CHECK(env.asked == (coefficient == 0.0 ? 0 : 3));
    for (auto const& step : run.history()) {
      CHECK((step.kl > 0.0) == (coefficient > 0.0));
      CHECK((step.loss == step.surrogate) == (coefficient == 0.0));
    }
  }
}
