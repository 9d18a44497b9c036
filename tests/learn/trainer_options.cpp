// SPDX-License-Identifier: Apache-2.0
#include <svfmath/learn/trainer_options.hpp>

#include <doctest/doctest.h>
#include <svfmath/learn/trainer.hpp>

#include "support/bandit.hpp"

TEST_CASE("trainer_options: identity_start begins at exactly z = 1, in every parameterisation") {
  std::vector<float> const sigma{2.0f, 1.0f, 0.0f};
  for (auto const kind : {svf::parameterisation::direct, svf::parameterisation::sigmoid,
                          svf::parameterisation::exponential, svf::parameterisation::additive}) {
    svf::trainer_options options;
    options.parameters = kind;
    options.start = svf::identity_start(kind);
    CAPTURE(to_string(kind));
    CHECK(svf::trainer(options, 3, sigma).z() == std::vector<float>(3, 1.0f));
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

TEST_CASE("trainer_options: settings no run can have are refused") {
  test::bandit env(8, 3, 1);
  auto const refused = [&](auto const& change) {
    svf::trainer_options options;
    options.batch = 4;
    change(options);
    CHECK_THROWS_AS(svf::trainer(options, 3).step(env), svf::error);
  };
  refused([](auto& o) { o.batch = 0; });
  refused([](auto& o) { o.samples = 0; });
  refused([](auto& o) { o.clip_norm = 0.0; });
  refused([](auto& o) { o.optimiser.beta1 = 1.0; });
  refused([](auto& o) { o.objective.kl.coefficient = -0.1; });
  refused([](auto& o) { o.start.mean = NAN; });
}
