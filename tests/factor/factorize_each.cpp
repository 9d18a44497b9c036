// SPDX-License-Identifier: Apache-2.0
#include <svfmath/factor/factorize_each.hpp>

#include <atomic>
#include <cstddef>
#include <vector>

#include <doctest/doctest.h>
#include <Eigen/Core>

#include <support/cpu_policies.hpp>

#include <shared/factorize_each.hpp>

TEST_CASE("factorize_each: the same bits as one by one, on any number of threads") {
  std::vector<Eigen::MatrixXf> weights;  // any matrices will do
  for (svf::index_t k = 0; k < 12; ++k) {
    auto const w = test::normal_matrix<float>(24 + k, 24, std::uint64_t(k));
    weights.push_back(Eigen::Map<Eigen::MatrixXf const>(w.data(), 24, 24 + k));
  }
  svf::cpu::seq one;
  svf::cpu::par three(3);
  std::vector<svf::svd_factors<float>> together(weights.size());
  std::atomic<int> inside = 0;
  svf::factorize_each(three, weights, [&](std::size_t k, svf::svd_factors<float>&& factors) {
    CHECK(++inside == 1);  // one call at a time
    together[k] = std::move(factors);
    --inside;
  });
  for (std::size_t k = 0; k < weights.size(); ++k) {
    auto const alone = svf::factorize(one, weights[k]);
    CHECK(test::max_difference(together[k].u, alone.u) == 0.0);
    CHECK(test::max_difference(together[k].s, alone.s) == 0.0);
    CHECK(test::max_difference(together[k].vt, alone.vt) == 0.0);
  }
}
