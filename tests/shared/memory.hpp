// SPDX-License-Identifier: Apache-2.0
#pragma once

/// Bodies for every backend; the including unit names its policies in SVFMATH_TEST_POLICIES.
#include <cstdint>
#include <utility>
#include <vector>

#include <doctest/doctest.h>
#include <svfmath/core/transfer.hpp>

#include <support/close.hpp>
#include <support/padded.hpp>
#include <support/random.hpp>

namespace {

using svf::index_t;

// Copies a host matrix over there, over there once more, and back, each time into another order.
template <class Exec, class T, class Middle>
void check_round_trip(Exec& exec, std::uint64_t seed) {
  svf::generator random(seed, 3);
  index_t const rows = test::extent(random);
  index_t const cols = test::extent(random);
  test::padded<T> const source(rows, cols, random);
  test::padded<Middle> there_storage(rows, cols, random);
  test::padded<Middle> moved_storage(rows, cols, random);
  test::padded<T> back(rows, cols, random);
  auto const before = back.values;
  test::placed<Exec, Middle> there(exec, there_storage);
  test::placed<Exec, Middle> moved(exec, moved_storage);
  copy(exec, source.view, there.view);
  copy(exec, svf::as_const(there.view), moved.view);
  copy(exec, svf::as_const(moved.view), back.view);
  double worst = 0.0;
  for (index_t i = 0; i < rows; ++i) {
    for (index_t j = 0; j < cols; ++j) {
      double const difference = double(back.view(i, j)) - double(T(Middle(source.view(i, j))));
      worst = std::max(worst, std::abs(difference));
    }
  }
  CHECK(worst == 0.0);
  for (std::size_t i = 0; i < before.size(); ++i) {
    if (!back.holds(i)) {
      CHECK(back.values[i] == before[i]);
    }
  }
}

}  // namespace

TEST_CASE_TEMPLATE("memory: copies to a policy's memory, in it and back keep every element", Exec,
                   SVFMATH_TEST_POLICIES) {
  auto exec = test::make_policy<Exec>();
  for (std::uint64_t seed = 0; seed < 40; ++seed) {
    CAPTURE(seed);
    check_round_trip<Exec, float, float>(exec, seed);
    check_round_trip<Exec, float, double>(exec, seed);
    check_round_trip<Exec, double, float>(exec, seed);
  }
}

TEST_CASE_TEMPLATE("memory: strided vectors are copied, unequal extents refused", Exec,
                   SVFMATH_TEST_POLICIES) {
  auto exec = test::make_policy<Exec>();
  auto const a = test::normal_matrix<float>(6, 5, 1);
  auto const there = svf::matrix_on(exec, a);
  auto const column = svf::host_vector(exec, there.view().col(3));
  auto const row = svf::host_vector(exec, there.view().row(2));
  for (index_t i = 0; i < 6; ++i) {
    CHECK(column[i] == a(i, 3));
  }
  for (index_t j = 0; j < 5; ++j) {
    CHECK(row[j] == a(2, j));
  }
  auto as_doubles = svf::make_matrix<double>(exec, 5, 6);
  copy(exec, a.view().row(4), as_doubles.view().col(1));
  CHECK(svf::detail::value_at(exec, as_doubles.view(), 3, 1) == double(a(4, 3)));

  svf::matrix<float> small(5, 5);
  svf::vector<float> wrong(4);
  CHECK_THROWS_AS(copy(exec, there.view(), small.view()), svf::error);
  CHECK_THROWS_AS(copy(exec, there.view().row(0), wrong.view()), svf::error);
}

TEST_CASE_TEMPLATE("memory: empty matrices are made and copied, extents below 0 refused", Exec,
                   SVFMATH_TEST_POLICIES) {
  auto exec = test::make_policy<Exec>();
  auto const none = svf::matrix_on(exec, svf::matrix<float>(0, 5));
  CHECK(none.cols() == 5);
  CHECK(svf::host_matrix(exec, none).size() == 0);
  CHECK(svf::make_vector<double>(exec, 0).size() == 0);
  CHECK_THROWS_AS(svf::make_matrix<float>(exec, -1, 4), svf::error);
  CHECK_THROWS_AS(svf::make_matrix<float>(exec, index_t{1} << 32, index_t{1} << 32), svf::error);
  auto first = svf::matrix_on(exec, test::normal_matrix<float>(2, 3, 1));
  auto const* const data = first.data();
  auto const second = std::move(first);
  CHECK(second.data() == data);
}
