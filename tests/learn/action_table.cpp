// SPDX-License-Identifier: Apache-2.0
#include <svfmath/learn/action_table.hpp>

#include <doctest/doctest.h>

#include <array>
#include <limits>

TEST_CASE("action_table: rows keep their lengths and values") {
  svf::action_table<float> table;
  CHECK(table.questions() == 0);
  table.push_row(std::array{1.0f, 2.0f});
  table.push_row(std::array{3.0f});
  REQUIRE(table.questions() == 2);
  CHECK(table.actions(0) == 2);
  CHECK(table.row(1)[0] == 3.0f);
  table.row(0)[1] = 7.0f;
  CHECK(table.values == std::vector{1.0f, 7.0f, 3.0f});
  auto const like = svf::table_like<double>(table);
  CHECK(like.offsets == table.offsets);
  CHECK(like.values == std::vector{0.0, 0.0, 0.0});
  CHECK(svf::uniform_table<float>(2, 3).offsets == std::vector<std::size_t>{0, 3, 6});
}

TEST_CASE("action_table: what is malformed is refused") {
  using table = svf::action_table<float>;
  CHECK_NOTHROW(svf::check_table(table{{1, 2}, {0, 2}}, "t"));
  CHECK_THROWS_AS(svf::check_table(table{{1, 2}, {}}, "t"), svf::error);
  CHECK_THROWS_AS(svf::check_table(table{{1, 2}, {0, 1}}, "t"), svf::error);
  CHECK_THROWS_AS(svf::check_table(table{{1, 2}, {1, 2}}, "t"), svf::error);
  CHECK_THROWS_AS(svf::check_table(table{{1, 2}, {0, 2, 2}}, "t"), svf::error);
  CHECK_THROWS_AS(svf::check_table(table{{1, 2}, {0, 3, 2}}, "t"), svf::error);
  auto const nan = std::numeric_limits<float>::quiet_NaN();
  CHECK_THROWS_AS(svf::check_table(table{{1, nan}, {0, 2}}, "t"), svf::error);
  CHECK_THROWS_AS(svf::check_same_rows(table{{1, 2}, {0, 2}}, table{{1, 2}, {0, 1, 2}}, "t"),
                  svf::error);
}
