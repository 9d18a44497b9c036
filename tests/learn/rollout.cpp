// SPDX-License-Identifier: Apache-2.0
#include <svfmath/learn/rollout.hpp>

#include <doctest/doctest.h>

#include <cmath>
#include <vector>

#include <svfmath/learn/softmax.hpp>

#include "support/close.hpp"

namespace {

svf::action_table<double> two_rows() {
  return svf::log_softmax(svf::action_table<float>{{0, 1, 2, 1, 1}, {0, 3, 5}});
}

}  // namespace

TEST_CASE("rollout: greedy takes the first of the most probable, exact takes all, neither draws") {
  svf::generator random(3);
  auto const greedy = svf::draw_actions(two_rows(), {svf::sampling::greedy, 4}, random);
  CHECK(greedy == svf::action_table<std::size_t>{{2, 0}, {0, 1, 2}});
  auto const all = svf::draw_actions(two_rows(), {svf::sampling::exact_expectation, 4}, random);
  CHECK(all == svf::action_table<std::size_t>{{0, 1, 2, 0, 1}, {0, 3, 5}});
  CHECK(random.position() == 0);
}

TEST_CASE("rollout: draws follow the policy, S numbers a question") {
  svf::generator random(7);
  std::size_t const samples = 40000;
  auto const table = two_rows();
  auto const drawn = svf::draw_actions(table, {svf::sampling::categorical, samples}, random);
  CHECK(random.position() == 2 * samples);
  for (std::size_t q = 0; q < 2; ++q) {
    std::vector<double> count(table.actions(q));
    for (std::size_t const a : drawn.row(q)) count[a] += 1.0;
    for (std::size_t a = 0; a < count.size(); ++a) {
      double const p = std::exp(table.row(q)[a]);
      double const deviation = std::sqrt(p * (1 - p) / double(samples));
      CHECK(test::close(count[a] / double(samples), p, 5 * deviation));
    }
  }
}

TEST_CASE("rollout: the ends of the unit interval give possible actions") {
  std::vector<double> const log_policy{-1e4, std::log(0.5), std::log(0.5), -1e4};
  CHECK(svf::draw_action(log_policy, 0.0) == 1);
  CHECK(svf::draw_action(log_policy, 0.49) == 1);
  CHECK(svf::draw_action(log_policy, 0.51) == 2);
  CHECK(svf::draw_action(log_policy, 1.0) == 2);
}

TEST_CASE("rollout: no samples are refused") {
  svf::generator random;
  CHECK_THROWS_AS(svf::draw_actions(two_rows(), {svf::sampling::categorical, 0}, random),
                  svf::error);
}
