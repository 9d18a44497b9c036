// SPDX-License-Identifier: Apache-2.0
#include <svfmath/learn/trainer.hpp>

#include <doctest/doctest.h>

#include <cmath>
#include <cstdint>
#include <stdexcept>
#include <vector>

#include <svfmath/learn/preset.hpp>

#include "support/bandit.hpp"
#include "support/close.hpp"

using svf::parameterisation;
using svf::trainer;
using svf::trainer_options;

namespace {

constexpr std::size_t dimension = 6;

trainer_options quick_options(std::uint64_t steps = 60) {
  auto o = svf::make_options(svf::preset::direct, steps);
  o.learning_rate.base = 0.1;
  o.batch = 32;
  o.seed = 4;
  o.objective.kl.coefficient = 0.01;
  return o;
}

std::vector<float> const sigma{3.0f, 2.0f, 1.5f, 1.0f, 0.5f, 0.0f};

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
