// SPDX-License-Identifier: Apache-2.0
#include <svfmath/factor/factorize_each_spread.hpp>

#include <algorithm>
#include <cstddef>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

#include <support/cpu_policies.hpp>

#include <shared/factorize_each_spread.hpp>

TEST_CASE("factorize_each, several policies: on the CPU the same bits as one by one") {
  auto const weights = mixed_weights();
  std::vector<svf::cpu::seq> execs(3);
  auto const together = spread_factors(execs, weights);
  std::vector<svf::svd_factors<float>> alone;
  for (auto const& w : weights) {
    alone.push_back(svf::factorize(execs.front(), w));
  }
  check_same(together, alone);
}

TEST_CASE("factorize_each, several policies: matrices of one order are divided among them") {
  using view = svf::matrix_view<float const>;
  std::vector<view> weights;  // of Llama-3-8B's shapes
  for (int layer = 0; layer < 32; ++layer) {
    for (auto const& [m, n] : {std::pair{4096, 4096}, {4096, 4096}, {1024, 4096}, {1024, 4096},
                               {14336, 4096}, {14336, 4096}, {4096, 14336}}) {
      weights.emplace_back(nullptr, m, n);
    }
  }
  auto const most = [](svf::index_t n, svf::index_t size) {
    CHECK(size == n * (n == 4096 ? 14336 : 4096));
    return n == 4096 ? 40 : 160;
  };
  auto const sizes = [&](std::size_t policies) {
    std::vector<std::size_t> result;
    std::vector<int> times(weights.size());
    std::vector<double> costs;  // of the batches that are as long as can be
    for (auto const& group : svf::detail::batches(weights, policies, most)) {
      result.push_back(group.size());
      double cost = 0.0;
      for (std::size_t const number : group) {
        ++times[number];
        cost += svf::detail::factorize_cost(weights[number]);
      }
      if (group.size() == 40) {
        costs.push_back(cost);
        CHECK(cost == doctest::Approx(costs.front()));
      }
    }
    CHECK(times == std::vector<int>(weights.size(), 1));
    return result;
  };
  using list = std::vector<std::size_t>;
  CHECK(sizes(1) == list{40, 40, 40, 40, 64});
  CHECK(sizes(2) == list{40, 40, 40, 40, 32, 32});
  CHECK(sizes(3) == list{27, 27, 27, 27, 26, 26, 22, 21, 21});
  list many(std::size_t{164}, 1);
  std::fill_n(many.begin(), 60, std::size_t{2});
  CHECK(sizes(100) == many);
}
