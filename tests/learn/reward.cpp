// SPDX-License-Identifier: Apache-2.0
#include <svfmath/learn/reward.hpp>

#include <doctest/doctest.h>

#include <array>
#include <limits>

#include "support/close.hpp"

TEST_CASE("reward: signs and clipping") {
  CHECK(svf::signed_reward(true) == 1.0f);
  CHECK(svf::signed_reward(false) == -1.0f);
  CHECK(svf::reward_clip{}(1e30f) == 1e30f);
  auto const clip = svf::reward_clip::symmetric(0.5f);
  CHECK(clip(1.0f) == 0.5f);
  CHECK(clip(-1.0f) == -0.5f);
  CHECK(clip(0.25f) == 0.25f);
  CHECK_THROWS_AS(svf::check(svf::reward_clip{1.0f, 0.0f}), svf::error);
  CHECK_THROWS_AS(svf::check(svf::reward_clip::symmetric(std::numeric_limits<float>::quiet_NaN())),
                  svf::error);
}

TEST_CASE("reward: golden token rewards of REINFORCE++") {
  std::array<float, 3> first{};
  svf::reward_to_go(1.0f, 0.1, std::array{.2, -.1, .3}, first);
  CHECK(test::max_difference(first, std::array{.96, .98, .97}) <= 1e-7);
  std::array<float, 2> second{};
  svf::reward_to_go(0.0f, 0.1, std::array{.1, .4}, second);
  CHECK(test::max_difference(second, std::array{-.05, -.04}) <= 1e-8);
  CHECK_THROWS_AS(svf::reward_to_go(0.0f, 0.1, std::array{.1}, second), svf::error);
}
