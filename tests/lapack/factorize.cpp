// SPDX-License-Identifier: Apache-2.0
#include <svfmath/factor/factorize.hpp>

#include <cstring>
#include <vector>

#include <doctest/doctest.h>

#include <svfmath/factor/factorize_each.hpp>

#include <support/lapack_policies.hpp>

#include <shared/factorize.hpp>

TEST_CASE("lapack: factorize_each gives factorize's bits, and not those without LAPACK") {
  svf::cpu::with_lapack<svf::cpu::seq> one;
  svf::cpu::with_lapack<svf::cpu::par> two(2);
  svf::cpu::seq own;
  std::vector<svf::matrix<float>> weights;
  for (std::uint64_t k = 0; k < 5; ++k) {
    weights.push_back(test::normal_matrix<float>(70 + svf::index_t(k), 65, k));
  }
  auto const same = [](svf::matrix<float> const& a, svf::matrix<float> const& b) {
    return a.size() == b.size() &&
           std::memcmp(a.data(), b.data(), std::size_t(a.size()) * sizeof(float)) == 0;
  };
  std::size_t count = 0;
  svf::factorize_each(two, weights, [&](std::size_t i, svf::svd_factors<float>&& factors) {
    ++count;
    auto const expected = svf::factorize(one, weights[i]);
    CHECK(same(factors.u, expected.u));
    CHECK(same(factors.vt, expected.vt));
    CHECK(test::max_difference(factors.s, expected.s) == 0.0);
  });
  CHECK(count == weights.size());
  // In double the last bits show which solver ran.
  auto const w = test::normal_matrix<double>(70, 65, 9);
  CHECK(test::max_difference(svf::factorize(one, w).u, svf::factorize(own, w).u) > 0.0);
}
