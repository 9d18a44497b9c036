// SPDX-License-Identifier: Apache-2.0
#include <svfmath/learn/split.hpp>

#include <doctest/doctest.h>

#include <algorithm>

TEST_CASE("split: equal halves that are disjoint, complete, ascending and seeded") {
  for (std::size_t n : {0u, 1u, 2u, 7u, 1000u}) {
    CAPTURE(n);
    auto const s = svf::split_questions(n, 9);
    CHECK(s.train.size() == (n + 1) / 2);
    CHECK(s.validation.size() == n / 2);
    CHECK(std::is_sorted(s.train.begin(), s.train.end()));
    CHECK(std::is_sorted(s.validation.begin(), s.validation.end()));
    std::vector<std::size_t> all;
    std::merge(s.train.begin(), s.train.end(), s.validation.begin(), s.validation.end(),
               std::back_inserter(all));
    REQUIRE(all.size() == n);
    for (std::size_t i = 0; i < n; ++i) CHECK(all[i] == i);
  }
  CHECK(svf::split_questions(1000, 9).train == svf::split_questions(1000, 9).train);
  CHECK(svf::split_questions(1000, 9).train != svf::split_questions(1000, 8).train);
}

TEST_CASE("split: other shares, and shares that make no sense") {
  CHECK(svf::split_questions(10, 0, 1.0).validation.empty());
  CHECK(svf::split_questions(10, 0, 0.0).train.empty());
  CHECK(svf::split_questions(10, 0, 0.8).train.size() == 8);
  CHECK_THROWS_AS(svf::split_questions(10, 0, 1.5), svf::error);
}
