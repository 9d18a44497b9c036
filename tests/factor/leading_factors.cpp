// SPDX-License-Identifier: Apache-2.0
#include <svfmath/factor/leading_factors.hpp>

#include <doctest/doctest.h>

#include <support/cpu_policies.hpp>

#include <shared/leading_factors.hpp>

TEST_CASE("leading_factors: the same bits on one thread and on three") {
  svf::cpu::seq one;
  svf::cpu::par three(3);
  auto const w = test::normal_matrix<float>(150, 200, 4);
  auto const a = svf::factorize_leading(one, w, 12);
  auto const b = svf::factorize_leading(three, w, 12);
  CHECK(test::max_difference(a.triplets.u, b.triplets.u) == 0.0);
  CHECK(test::max_difference(a.triplets.s, b.triplets.s) == 0.0);
  CHECK(test::max_difference(a.triplets.vt, b.triplets.vt) == 0.0);
}
