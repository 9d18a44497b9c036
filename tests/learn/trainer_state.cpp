// SPDX-License-Identifier: Apache-2.0
#include <svfmath/learn/trainer_state.hpp>

#include <doctest/doctest.h>
#include <svfmath/learn/trainer.hpp>

#include "support/bandit.hpp"

namespace {

svf::trainer_options few_steps() {
  svf::trainer_options options;
  options.batch = 8;
  options.steps = 9;
  options.baseline = svf::advantage::ema{};
  return options;
}

}  // namespace

TEST_CASE("trainer_state: a run that goes on from a copied state is the uninterrupted one") {
  test::bandit env(20, 5, 3);
  svf::trainer whole(few_steps(), 5);
  for (int i = 0; i < 4; ++i) {
    whole.step(env);
  }
  svf::trainer_state const middle = whole.state();
  CHECK(middle.step == 4);
  CHECK(middle.history.size() == 4);
  svf::trainer rest(few_steps(), middle);
  for (int i = 0; i < 5; ++i) {
    CHECK(whole.step(env) == rest.step(env));
  }
  CHECK(whole.state() == rest.state());
  CHECK(!(whole.state() == middle));
}

TEST_CASE("trainer_state: a state of another size is refused") {
  test::bandit env(20, 5, 3);
  svf::trainer run(few_steps(), 5);
  run.step(env);
  auto const refused = [&](auto const& damage) {
    svf::trainer_state bad = run.state();
    damage(bad);
    CHECK_THROWS_AS(svf::trainer(few_steps(), bad), svf::error);
  };
  refused([](auto& s) { s.optimiser.first.pop_back(); });
  refused([](auto& s) { s.optimiser.second.push_back(0.0f); });
  refused([](auto& s) { s.best_z = {1.0f}; });
  refused([](auto& s) { s.parameters[0] = NAN; });
  refused([](auto& s) { s.random = svf::generator(1, s.random.stream()); });
  refused([](auto& s) { s.random = svf::generator(s.random.seed(), 0); });
  refused([](auto& s) { s.order.seed += 1; });
  refused([](auto& s) { s.baseline = svf::advantage::ema{.decay = 1.0}; });
}
