// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <string>
#include <vector>

#include <svfmath/expert/bank.hpp>

#include <support/close.hpp>
#include <support/experts.hpp>

TEST_CASE("bank: experts are kept as rows under their names") {
  auto const layout = test::small_layout();
  svf::bank bank(layout);
  CHECK(bank.empty());
  std::vector<svf::expert> experts;
  for (int k = 0; k < 5; ++k) {
    experts.push_back(
        test::random_expert(layout, std::string("e").append(std::to_string(k)), std::uint64_t(k)));
    bank.add(experts.back());
  }
  CHECK(bank.size() == 5);
  CHECK(bank.rows().rows == 5);
  CHECK(bank.rows().cols == 10);
  for (svf::index_t k = 0; k < 5; ++k) {
    auto const& expected = experts[std::size_t(k)];
    CHECK(bank.names()[std::size_t(k)] == expected.name());
    CHECK(bank.find(expected.name()) == k);
    CHECK(test::max_difference(bank.row(k), expected.values()) == 0.0);
    CHECK(bank.at(expected.name()).z() == expected.z());
    CHECK(bank.at(k).name() == expected.name());
    CHECK(bank.rows()(k, 9) == expected.values()[9]);
  }
  CHECK_FALSE(bank.find("e5").has_value());
}

TEST_CASE("bank: removing an expert leaves the others as they were") {
  auto const layout = test::small_layout();
  std::vector<svf::expert> const experts = {test::random_expert(layout, "a", 1),
                                            test::random_expert(layout, "b", 2),
                                            test::random_expert(layout, "c", 3)};
  svf::bank bank{std::span<svf::expert const>(experts)};
  bank.remove("b");
  CHECK(bank.size() == 2);
  CHECK(bank.at("a").z() == experts[0].z());
  CHECK(bank.at("c").z() == experts[2].z());
  CHECK(bank.find("c") == 1);
  CHECK_THROWS_AS(bank.remove("b"), svf::error);
  bank.add(experts[1]);
  CHECK(bank.find("b") == 2);
}

TEST_CASE("bank: duplicates, strangers and rows that do not exist are refused without a trace") {
  auto const layout = test::small_layout();
  svf::bank bank(layout);
  bank.add(test::random_expert(layout, "a", 1));
  CHECK_THROWS_WITH_AS(bank.add(test::random_expert(layout, "a", 2)),
                       "bank: already has an expert 'a'", svf::error);
  auto const other = std::make_shared<svf::layout const>(
      std::vector<svf::site_spec>{{"x", 5, 10, {}, 0}, {"y", 5, 5, {}, 0}});
  CHECK_THROWS_WITH_AS(bank.add(test::random_expert(other, "b", 2)),
                       "bank: the layout of expert 'b' is not the bank's: 2 sites against 4",
                       svf::error);
  CHECK(bank.size() == 1);
  CHECK(bank.rows().rows == 1);
  CHECK_THROWS_AS(bank.row(1), svf::error);
  CHECK_THROWS_AS(bank.at(-1), svf::error);
  CHECK_THROWS_AS(bank.at("b"), svf::error);
  CHECK_THROWS_AS(svf::bank(nullptr), svf::error);
  CHECK_THROWS_AS(svf::bank(std::span<svf::expert const>{}), svf::error);
}

TEST_CASE("bank: an equal layout in another object is the same layout") {
  svf::bank bank(test::small_layout());
  CHECK_NOTHROW(bank.add(test::random_expert(test::small_layout(), "a", 1)));
}
