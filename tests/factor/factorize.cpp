// SPDX-License-Identifier: Apache-2.0
#include <svfmath/factor/factorize.hpp>

#include <cmath>
#include <cstring>

#include <doctest/doctest.h>

#include <svfmath/core/half.hpp>

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

TEST_CASE("factorize: 16-bit weights get factors in float, and factors_as rounds them") {
  svf::cpu::seq exec;
  auto const w = test::normal_matrix<float>(40, 24, 5);
  svf::matrix<svf::bfloat16> kept(40, 24);
  copy(exec, w.view(), kept.view());
  svf::matrix<float> widened(40, 24);
  copy(exec, svf::as_const(kept.view()), widened.view());
  svf::svd_factors<float> const factors = svf::factorize(exec, kept);
  check_promises(widened, factors, 1e-6);
  check_singular_values(widened, factors);
  auto const small = svf::factors_as<svf::float16>(exec, factors);
  CHECK(test::max_difference(small.s, factors.s) == 0.0);
  for (svf::index_t i = 0; i < small.u.size(); ++i) {
    CHECK(small.u.data()[i] == svf::float16(factors.u.data()[i]));
  }
  CHECK(test::max_difference(small.vt, factors.vt) <= 0x1p-12);  // |v| < 1
  kept(3, 2) = svf::bfloat16(HUGE_VALF);
  CHECK_THROWS_AS(svf::factorize(exec, kept), svf::error);
}
