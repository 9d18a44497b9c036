// SPDX-License-Identifier: Apache-2.0
#include <svfmath/adapt/dispatch.hpp>

#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include <doctest/doctest.h>
#include <support/close.hpp>

TEST_CASE("dispatch: the highest log-score wins, the first of equal ones") {
  svf::label_set const labels({{"code", 0}, {"math", 1}, {"others", svf::base_expert}});
  struct { std::vector<float> scores; std::size_t label; svf::index_t expert; } const cases[] = {
      {{0.0f, -1.0f, -2.0f}, 0, 0},
      {{-3.0f, -1.0f, -2.0f}, 1, 1},
      {{-3.0f, -4.0f, -2.0f}, 2, svf::base_expert},
      {{-1.0f, -1.0f, -1.0f}, 0, 0},
      {{-HUGE_VALF, -5.0f, -5.0f}, 1, 1},
  };
  for (auto const& c : cases) {
    auto const found = svf::choose_label(labels, c.scores);
    CHECK(found.label == c.label);
    CHECK(found.expert == c.expert);
    CHECK(found.log_scores == c.scores);
  }
}

TEST_CASE("dispatch: confidence is the softmax, margin the lead") {
  svf::label_set const labels({{"a", 0}, {"b", 1}, {"c", 2}});
  auto const found = svf::choose_label(labels, {-1000.0f, -1001.0f, -1003.0f});
  double const total = 1.0 + std::exp(-1.0) + std::exp(-3.0);
  CHECK(test::close(found.confidence, 1.0 / total, 1e-14));
  CHECK(found.margin == 1.0);
  CHECK(std::isinf(svf::choose_label(svf::label_set({{"only", 0}}), {-2.0f}).margin));
}

TEST_CASE("dispatch: scores that say nothing are refused") {
  svf::label_set const labels({{"a", 0}, {"b", 1}});
  float const inf = std::numeric_limits<float>::infinity();
  CHECK_THROWS_AS(svf::choose_label(labels, {1.0f}), svf::error);
  CHECK_THROWS_AS(svf::choose_label(labels, {1.0f, NAN}), svf::error);
  CHECK_THROWS_AS(svf::choose_label(labels, {1.0f, inf}), svf::error);
  CHECK_THROWS_AS(svf::choose_label(labels, {-inf, -inf}), svf::error);
}
