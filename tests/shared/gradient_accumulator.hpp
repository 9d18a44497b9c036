// SPDX-License-Identifier: Apache-2.0
#pragma once

/// Bodies for every backend; the including unit names its policies in SVFMATH_TEST_POLICIES.
#include <vector>

#include <doctest/doctest.h>
#include <svfmath/apply/gradient_accumulator.hpp>
#include <svfmath/core/transfer.hpp>

#include <support/close.hpp>
#include <support/factors.hpp>

TEST_CASE_TEMPLATE("gradient_accumulator: pieces give the gradient of the whole, on both paths",
                   Exec, SVFMATH_TEST_POLICIES) {
  auto exec = test::make_policy<Exec>();
  auto const factors = svf::factors_on(exec, test::arbitrary_factors<double>(6, 9, 1));
  auto const z = svf::vector_on(exec, test::uniform_vector<double>(6, 0.5, 1.5, 2));
  auto const x = svf::matrix_on(exec, test::normal_matrix<double>(20, 9, 3));
  auto const delta = svf::matrix_on(exec, test::normal_matrix<double>(20, 6, 4));
  for (auto kind : {svf::normalisation::none, svf::normalisation::nuclear}) {
    auto dz_there = svf::make_vector<double>(exec, 6);
    svf::gradient(exec, factors, z, x, delta, dz_there, kind);
    auto const whole = svf::host_vector(exec, dz_there);
    for (svf::index_t expected_rows : {1, 1000}) {
      svf::gradient_accumulator<double, typename Exec::space> sum(6, 9, expected_rows);
      CHECK((sum.path() == svf::gradient_path::dense) == (expected_rows == 1000));
      for (int round = 0; round < 2; ++round) {  // finish() starts a new sum
        for (svf::index_t first : {0, 7, 14}) {
          svf::index_t const count = first == 14 ? 6 : 7;
          sum.add(exec, factors, x.view().rows_range(first, count),
                  delta.view().rows_range(first, count));
        }
        sum.finish(exec, factors, z, dz_there, kind);
        auto const dz = svf::host_vector(exec, dz_there);
        for (svf::index_t i = 0; i < 6; ++i) {
          CHECK(test::close_relative(dz[i], whole[i], 1e-11));
        }
      }
      sum.finish(exec, factors, z, dz_there, kind);  // of nothing
      for (double const value : svf::host_vector(exec, dz_there)) {
        CHECK(value == 0.0);
      }
    }
  }
}

TEST_CASE_TEMPLATE("gradient_accumulator: pieces of another site are refused", Exec,
                   SVFMATH_TEST_POLICIES) {
  auto exec = test::make_policy<Exec>();
  auto const factors = svf::factors_on(exec, test::arbitrary_factors<double>(6, 9, 1));
  svf::gradient_accumulator<double, typename Exec::space> sum(6, 9, 10);
  auto const x = svf::matrix_on(exec, test::normal_matrix<double>(2, 6, 1));
  auto const delta = svf::matrix_on(exec, test::normal_matrix<double>(2, 9, 2));
  CHECK_THROWS_AS(sum.add(exec, factors, x, delta), svf::error);
}
