// SPDX-License-Identifier: Apache-2.0
#include <svfmath/apply/materialize.hpp>

#include <vector>

#include <Eigen/Core>
#include <doctest/doctest.h>

#include <support/cpu_policies.hpp>

#include <shared/materialize.hpp>

TEST_CASE("materialize: writes into the caller's Eigen matrix") {
  svf::cpu::seq exec;
  auto const factors = test::arbitrary_factors<float>(7, 5, 3);
  std::vector<float> const z{1.0f, 0.5f, 2.0f, 1.5f, 0.0f};
  auto const expected = svf::materialize(exec, factors, z);
  Eigen::MatrixXf out(7, 5);
  svf::materialize(exec, factors, z, out);
  for (int i = 0; i < 7; ++i) {
    for (int j = 0; j < 5; ++j) {
      CHECK(test::close(out(i, j), expected(i, j), 5e-5));
    }
  }
}

TEST_CASE("materialize: seq and par give the same bits") {
  svf::cpu::seq one;
  svf::cpu::par two(2);
  auto const factors = test::arbitrary_factors<float>(150, 90, 5);
  auto const z = test::uniform_vector<float>(90, 0.0f, 2.0f, 6);
  CHECK(test::max_difference(svf::materialize(one, factors, z),
                             svf::materialize(two, factors, z)) == 0.0);
}
