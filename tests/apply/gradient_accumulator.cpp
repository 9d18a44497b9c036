// SPDX-License-Identifier: Apache-2.0
#include <vector>

#include <doctest/doctest.h>
#include <svfmath/apply/gradient_accumulator.hpp>
#include <svfmath/cpu.hpp>

#include <support/close.hpp>
#include <support/factors.hpp>

TEST_CASE("gradient_accumulator: pieces give the gradient of the whole, on both paths") {
  svf::cpu::par exec(2);
  auto const factors = test::arbitrary_factors<double>(6, 9, 1);
  auto const z = test::uniform_vector<double>(6, 0.5, 1.5, 2);
  auto const x = test::normal_matrix<double>(20, 9, 3);
  auto const delta = test::normal_matrix<double>(20, 6, 4);
  for (auto kind : {svf::normalisation::none, svf::normalisation::nuclear}) {
    std::vector<double> whole(6);
    svf::gradient(exec, factors, z, x, delta, whole, kind);
    for (svf::index_t expected_rows : {1, 1000}) {
      svf::gradient_accumulator<double> sum(6, 9, expected_rows);
      CHECK((sum.path() == svf::gradient_path::dense) == (expected_rows == 1000));
      for (int round = 0; round < 2; ++round) {  // finish() starts a new sum
        for (svf::index_t first : {0, 7, 14}) {
          svf::index_t const count = first == 14 ? 6 : 7;
          sum.add(exec, factors, x.view().rows_range(first, count),
                  delta.view().rows_range(first, count));
        }
        std::vector<double> dz(6);
        sum.finish(exec, factors, z, dz, kind);
        for (std::size_t i = 0; i < 6; ++i) {
          CHECK(test::close_relative(dz[i], whole[i], 1e-11));
        }
      }
    }
  }
}

TEST_CASE("gradient_accumulator: pieces of another site are refused") {
  svf::cpu::seq exec;
  auto const factors = test::arbitrary_factors<double>(6, 9, 1);
  svf::gradient_accumulator<double> sum(6, 9, 10);
  CHECK_THROWS_AS(sum.add(exec, factors, test::normal_matrix<double>(2, 6, 1),
                          test::normal_matrix<double>(2, 9, 2)),
                  svf::error);
}
