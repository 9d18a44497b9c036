// SPDX-License-Identifier: Apache-2.0
#include <svfmath/adapt/label_set.hpp>

#include <string>
#include <vector>

#include <doctest/doctest.h>

TEST_CASE("label_set: one label per expert and the base by name") {
  std::vector<std::string> const experts{"code", "math"};
  auto const labels = svf::label_set::for_experts(experts);
  REQUIRE(labels.size() == 3);
  CHECK(labels.name(1) == "math");
  CHECK(labels.expert(1) == 1);
  CHECK(labels.name(2) == "others");
  CHECK(labels.expert(2) == svf::base_expert);
  CHECK(labels.find("code").value() == 0);
  CHECK(!labels.find("law").has_value());
  CHECK_NOTHROW(labels.check_against(2));
  CHECK_THROWS_AS(labels.check_against(1), svf::error);
  CHECK_THROWS_AS(labels.name(3), svf::error);
}

TEST_CASE("label_set: no labels, empty and repeated names and bad experts are refused") {
  CHECK_THROWS_AS(svf::label_set({}), svf::error);
  CHECK_THROWS_AS(svf::label_set({{"", 0}}), svf::error);
  CHECK_THROWS_AS(svf::label_set({{"a", 0}, {"a", 1}}), svf::error);
  CHECK_THROWS_AS(svf::label_set({{"a", -2}}), svf::error);
}
