// SPDX-License-Identifier: Apache-2.0
#pragma once

/// Bodies for every backend; the including unit names its policies in SVFMATH_TEST_POLICIES.
#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include <doctest/doctest.h>
#include <svfmath/apply/row_selection.hpp>
#include <svfmath/core/transfer.hpp>

#include <support/has.hpp>

namespace {

template <class Exec, class Selection>
std::vector<svf::index_t> numbers_of(Exec& exec, Selection const& selection) {
  auto const here = svf::host_vector(exec, selection.view());
  return {here.begin(), here.end()};
}

template <class Call>
std::string selection_refusal(Call&& call) {
  try {
    call();
  } catch (svf::error const& e) {
    return e.kind() == svf::error_kind::shape ? e.what() : "another kind";
  }
  return "";
}

}  // namespace

TEST_CASE_TEMPLATE("row_selection: takes integers of any type, from the host or the policy", Exec,
                   SVFMATH_TEST_POLICIES) {
  auto exec = test::make_policy<Exec>();
  std::vector<svf::index_t> const expected{2, 0, 1, 2};
  std::vector<int> const here{2, 0, 1, 2};
  svf::row_selection const from_host(exec, 3, here);
  CHECK(from_host.size() == 4);
  CHECK(from_host.choices() == 3);
  CHECK(numbers_of(exec, from_host) == expected);
  auto const there = svf::vector_on(exec, std::vector<std::uint8_t>{2, 9, 0, 9, 1, 9, 2});
  svf::vector_view<std::uint8_t const, typename Exec::space> const every_second(there.data(), 4, 2);
  CHECK(numbers_of(exec, svf::row_selection(exec, 3, every_second)) == expected);
  CHECK(svf::row_selection(exec, 1, std::vector<int>{}).size() == 0);
}

TEST_CASE_TEMPLATE("row_selection: the next batch takes the place of the last one", Exec,
                   SVFMATH_TEST_POLICIES) {
  auto exec = test::make_policy<Exec>();
  svf::row_selection selection(exec, 6000, std::vector<int>{1, 2, 3});
  auto const* const place = selection.view().data;
  selection.assign(exec, std::vector<int>{5, 4});
  CHECK(selection.view().data == place);
  CHECK(numbers_of(exec, selection) == std::vector<svf::index_t>{5, 4});
  std::vector<svf::index_t> many(6000);
  for (std::size_t i = 0; i < many.size(); ++i) {
    many[i] = svf::index_t(many.size() - 1 - i);
  }
  selection.assign(exec, many);
  CHECK(numbers_of(exec, selection) == many);
}

TEST_CASE_TEMPLATE("row_selection: a number outside is refused by row, and nothing is selected",
                   Exec, SVFMATH_TEST_POLICIES) {
  auto exec = test::make_policy<Exec>();
  svf::row_selection selection(exec, 3, std::vector<int>{1, 2});
  CHECK(selection_refusal([&] { selection.assign(exec, std::vector<int>{0, 3, -1}); }) ==
        "row_selection: expected numbers from 0 to 2, got 3 for row 1");
  CHECK(selection.size() == 0);
  CHECK(selection_refusal([&] { selection.assign(exec, std::vector<int>{0, 1, -1}); }) ==
        "row_selection: expected numbers from 0 to 2, got -1 for row 2");
  auto const huge = std::numeric_limits<std::uint64_t>::max();
  CHECK(test::has(selection_refusal([&] {
                    selection.assign(exec, svf::vector_on(exec, std::vector<std::uint64_t>{huge}));
                  }),
                  "for row 0"));
  CHECK(selection_refusal([&] { svf::row_selection(exec, 0, std::vector<int>{}); }) ==
        "row_selection: expected at least one choice, got 0");
}
