// SPDX-License-Identifier: Apache-2.0
#include <svfmath/learn/trainer_options.hpp>

#include <doctest/doctest.h>

#include <cmath>
#include <string>
#include <vector>

#include <svfmath/learn/preset.hpp>
#include <svfmath/learn/trainer.hpp>

#include "support/bandit.hpp"

TEST_CASE("trainer_options: identity_start begins at exactly z = 1, in every parameterisation") {
  std::vector<float> const three_values{2.0f, 1.0f, 0.0f};
  for (auto const kind : {svf::parameterisation::direct, svf::parameterisation::sigmoid,
                          svf::parameterisation::exponential, svf::parameterisation::additive}) {
    svf::trainer_options options;
    options.parameters = kind;
    options.start = svf::identity_start(kind);
    CAPTURE(to_string(kind));
    CHECK(svf::trainer(options, 3, three_values).z() == std::vector<float>(3, 1.0f));
  }
}

TEST_CASE("trainer_options: the start has the mean and deviation asked for") {
  svf::trainer_options options;
  options.start = {0.5, 0.25};
  options.seed = 6;
  std::size_t const count = 20000;
  svf::trainer const run(options, count);
  double sum = 0.0;
  double squares = 0.0;
  for (float const p : run.state().parameters) {
    sum += double(p);
    squares += (double(p) - 0.5) * (double(p) - 0.5);
  }
  // Four standard errors: 4·0.25/√n of the mean, 4·0.25²·√(2/n) of the variance.
  CHECK(std::abs(sum / double(count) - 0.5) < 1.0 / std::sqrt(double(count)));
  CHECK(std::abs(squares / double(count) - 0.0625) < 0.25 * std::sqrt(2.0 / double(count)));
}

TEST_CASE("trainer_options: compare by value, the chosen baseline included") {
  svf::trainer_options const a;
  svf::trainer_options b;
  CHECK(a == b);
  b.baseline = svf::advantage::ema{};
  CHECK(!(a == b));
  b = a;
  b.objective.kl.coefficient = 0.1;
  CHECK(!(a == b));
}

TEST_CASE("trainer_options: settings no run can have are refused before the first step") {
  using svf::error_kind;
  auto const refused = [&](error_kind kind, auto const& change) {
    svf::trainer_options options;
    options.batch = 4;
    CHECK_NOTHROW(svf::trainer(options, 3));
    change(options);
    try {
      svf::trainer const run(options, 3);
      FAIL_CHECK("the options were taken");
    } catch (svf::error const& e) {
      INFO(std::string(e.what()));
      CHECK(e.kind() == kind);
    }
  };
  namespace adv = svf::advantage;
  auto const numeric = error_kind::numeric;
  auto const shape = error_kind::shape;
  refused(shape, [](auto& o) { o.batch = 0; });
  refused(shape, [](auto& o) { o.samples = 0; });
  refused(numeric, [](auto& o) { o.clip_norm = 0.0; });
  refused(numeric, [](auto& o) { o.clip_norm = -1.0; });
  refused(numeric, [](auto& o) { o.clip_norm = NAN; });
  refused(numeric, [](auto& o) { o.optimiser.beta1 = 1.0; });
  refused(numeric, [](auto& o) { o.objective.kl.coefficient = -0.1; });
  refused(numeric, [](auto& o) { o.start.mean = NAN; });
  refused(numeric, [](auto& o) { o.minimum_gain = -1e-3; });
  refused(numeric, [](auto& o) { o.minimum_gain = NAN; });
  refused(numeric, [](auto& o) { o.learning_rate.base = -1.0; });
  refused(numeric, [](auto& o) { o.learning_rate.last = NAN; });
  refused(numeric, [](auto& o) { o.baseline = adv::ema{.decay = 1.0}; });
  refused(numeric, [](auto& o) { o.baseline = adv::batch_normalised{0.0}; });
  refused(shape, [](auto& o) { o.baseline = adv::leave_one_out{}; });
  refused(shape, [](auto& o) { o.baseline = adv::group_normalised{}; });
  refused(shape, [](auto& o) {
    o.baseline = adv::batch_scaled{};
    o.batch = 1;
  });
  refused(shape, [](auto& o) {
    o.baseline = adv::leave_one_out{};
    o.samples = 2;
    o.objective.mode = svf::sampling::greedy;
  });
  refused(shape, [](auto& o) {
    o.baseline = adv::batch_mean{};
    o.objective.mode = svf::sampling::exact_expectation;
  });
  for (auto const e : {svf::kl_estimator::k1, svf::kl_estimator::k2, svf::kl_estimator::k3}) {
    refused(numeric, [&](auto& o) {
      o.objective.mode = svf::sampling::greedy;
      o.objective.kl.estimator = e;
      o.objective.kl.direction = e == svf::kl_estimator::k3
                                     ? svf::kl_direction::reference_to_policy
                                     : svf::kl_direction::policy_to_reference;
    });
  }
}

TEST_CASE("trainer_options: a cosine that ends before the run is refused, a longer one is not") {
  svf::trainer_options options;
  options.steps = options.learning_rate.steps + 1;
  CHECK_THROWS_WITH_AS(svf::trainer(options, 3), doctest::Contains("learning_rate.steps = 60"),
                       svf::error);
  options.learning_rate.steps = 100;
  CHECK_NOTHROW(svf::trainer(options, 3));
  options.learning_rate = {.kind = svf::schedule_kind::constant, .steps = 0};
  CHECK_NOTHROW(svf::trainer(options, 3));
  for (auto const preset : {svf::preset::paper, svf::preset::released_code, svf::preset::direct}) {
    CHECK_NOTHROW(svf::trainer(svf::make_options(preset, 5000), 3));
  }
}
