// SPDX-License-Identifier: Apache-2.0
#include <svfmath/factor/factorize.hpp>

#include <cstring>

#include <doctest/doctest.h>

#include <support/cpu_policies.hpp>

#include <shared/factorize.hpp>

namespace {

bool same_bits(svf::matrix<float> const& a, svf::matrix<float> const& b) {
  return a.size() == b.size() &&
         std::memcmp(a.data(), b.data(), std::size_t(a.size()) * sizeof(float)) == 0;
}

}  // namespace

TEST_CASE("factorize: the same bits on one thread and on three") {
  svf::cpu::seq one;
  svf::cpu::par three(3);
  for (auto const& each : test::hard_matrices(140, 70)) {
    auto const& w = each.w;
    CAPTURE(each.name);
    auto const a = svf::factorize(one, w);
    auto const b = svf::factorize(three, w);
    CHECK(same_bits(a.u, b.u));
    CHECK(same_bits(a.vt, b.vt));
    CHECK(test::max_difference(a.s, b.s) == 0.0);
  }
}
