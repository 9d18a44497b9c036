// SPDX-License-Identifier: Apache-2.0
#include <svfmath/learn/preset.hpp>

#include <doctest/doctest.h>

#include <cmath>
#include <variant>

#include "support/close.hpp"

using svf::preset;

TEST_CASE("preset: the paper's figures") {
  auto const o = svf::make_options(preset::paper, 100);
  CHECK(o.parameters == svf::parameterisation::sigmoid);
  CHECK(o.normalise == svf::normalisation::none);
  CHECK(o.start.mean == 0.1);
  CHECK(test::close(o.start.deviation * o.start.deviation, 1e-3, 1e-18));
  CHECK(o.objective.mode == svf::sampling::categorical);
  CHECK(o.objective.kl ==
        svf::kl_penalty{0.1, svf::kl_direction::policy_to_reference, svf::kl_estimator::exact});
  CHECK(std::holds_alternative<svf::advantage::none>(o.baseline));
  CHECK(o.learning_rate(0) == 2e-3);
  CHECK(o.learning_rate(100) == 0.0);
  CHECK(o.clip_norm == 1e-3);
  CHECK(o.batch == 256);
  CHECK(o.steps == 100);
}

TEST_CASE("preset: what the released code does differently") {
  auto const o = svf::make_options(preset::released_code, 100);
  CHECK(o.parameters == svf::parameterisation::sigmoid);
  CHECK(o.normalise == svf::normalisation::nuclear);
  CHECK(o.start == svf::initialisation{0.1, 0.01});
  CHECK(o.objective.mode == svf::sampling::greedy);
  CHECK(o.objective.kl.coefficient == 0.0);
  CHECK(o.objective.kl.direction == svf::kl_direction::reference_to_policy);
  CHECK(o.learning_rate(99) == 2e-3);
}

TEST_CASE("preset: `direct` differs from `paper` in the parameterisation and its start only") {
  auto direct = svf::make_options(preset::direct, 100);
  CHECK(direct.start == svf::initialisation{1.0, 0.01});
  CHECK(direct.parameters == svf::parameterisation::direct);
  auto const paper = svf::make_options(preset::paper, 100);
  direct.start = paper.start;
  direct.parameters = paper.parameters;
  CHECK(direct == paper);
}

TEST_CASE("preset: words name presets, others are refused") {
  for (auto const p : {preset::paper, preset::released_code, preset::direct}) {
    CHECK(svf::preset_from(to_string(p)) == p);
  }
  CHECK_THROWS_AS(svf::preset_from("papers"), svf::error);
}
