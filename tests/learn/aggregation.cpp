// SPDX-License-Identifier: Apache-2.0
#include <svfmath/learn/aggregation.hpp>

#include <doctest/doctest.h>

#include <vector>

using svf::aggregation_kind;

TEST_CASE("aggregation: the weights of two sequences of 3 and 1 tokens") {
  std::vector<std::size_t> const lengths{3, 1};
  auto const weights = [&](aggregation_kind kind, std::size_t longest = 1) {
    return svf::aggregation{kind, longest}.weights(lengths);
  };
  CHECK(weights(aggregation_kind::mean) == std::vector(4, 1.0 / 2));
  CHECK(weights(aggregation_kind::sum) == std::vector(4, 1.0));
  CHECK(weights(aggregation_kind::token_mean) == std::vector(4, 1.0 / 4));
  CHECK(weights(aggregation_kind::sequence_mean) ==
        std::vector{1.0 / 6, 1.0 / 6, 1.0 / 6, 1.0 / 2});
  CHECK(weights(aggregation_kind::dr_grpo, 5) == std::vector(4, 1.0 / 10));
}

TEST_CASE("aggregation: for questions of one token, mean, token_mean and sequence_mean agree") {
  for (auto const kind : {aggregation_kind::mean, aggregation_kind::token_mean,
                          aggregation_kind::sequence_mean, aggregation_kind::dr_grpo}) {
    CHECK(svf::aggregation{kind}.weights(5) == std::vector(5, 1.0 / 5));
  }
}

TEST_CASE("aggregation: lengths out of range are refused") {
  std::vector<std::size_t> const empty{2, 0}, longer{4};
  CHECK_THROWS_AS(svf::aggregation{}.weights(empty), svf::error);
  CHECK_THROWS_AS((svf::aggregation{aggregation_kind::dr_grpo, 3}.weights(longer)), svf::error);
}
