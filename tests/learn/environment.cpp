// SPDX-License-Identifier: Apache-2.0
#include <svfmath/learn/environment.hpp>

#include <doctest/doctest.h>

#include "support/bandit.hpp"

namespace {

using indices = std::span<std::size_t const>;
using table = svf::action_table<float>;

struct complete {
  std::size_t size() const { return 1; }
  table score(std::span<float const>, indices) { return {}; }
  table reference(indices) { return {}; }
  float reward(std::size_t, std::size_t) const { return 0.0f; }
  void backward(table const&, std::span<float>) {}
};
struct without_backward {
  std::size_t size() const { return 1; }
  table score(std::span<float const>, indices) { return {}; }
  table reference(indices) { return {}; }
  float reward(std::size_t, std::size_t) const { return 0.0f; }
};
struct with_scores_of_doubles : complete {
  svf::action_table<double> score(std::span<float const>, indices) { return {}; }
};
struct with_reward_that_changes_it : complete {
  float reward(std::size_t, std::size_t) { return 0.0f; }
};

static_assert(svf::policy_environment<complete>);
static_assert(!svf::policy_environment<without_backward>);
static_assert(!svf::policy_environment<with_scores_of_doubles>);
static_assert(!svf::policy_environment<with_reward_that_changes_it>);

}  // namespace

TEST_CASE("environment: backward is the derivative of score, as the concept asks for") {
  test::bandit env(5, 4, 2);
  static_assert(svf::policy_environment<test::bandit>);
  std::vector<std::size_t> const asked{3, 0};
  std::vector<float> z{0.5f, -1.0f, 2.0f, 0.25f};
  auto weights = env.score(z, asked);
  for (std::size_t i = 0; i < weights.values.size(); ++i) {
    weights.values[i] = float(i) - 1.5f;
  }
  std::vector<float> dz(4, 10.0f);  // backward adds
  env.backward(weights, dz);
  for (std::size_t d = 0; d < 4; ++d) {
    auto const at = [&](float step) {
      auto moved = z;
      moved[d] += step;
      auto const scores = env.score(moved, asked);
      double sum = 0.0;
      for (std::size_t i = 0; i < scores.values.size(); ++i) {
        sum += double(weights.values[i]) * double(scores.values[i]);
      }
      return sum;
    };
    // Linear in z, so the difference is exact but for rounding: 20·eps·|sum|/h.
    CHECK(std::abs(double(dz[d]) - 10.0 - (at(0.5f) - at(-0.5f))) < 2e-4);
  }
}
