// SPDX-License-Identifier: Apache-2.0
#include <svfmath/learn/shuffle.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <map>

TEST_CASE("shuffle: a permutation, decided by seed and stream") {
  for (std::size_t n : {0u, 1u, 2u, 100u}) {
    auto sorted = svf::shuffled_indices(n, 3);
    std::sort(sorted.begin(), sorted.end());
    for (std::size_t i = 0; i < n; ++i) CHECK(sorted[i] == i);
  }
  CHECK(svf::shuffled_indices(100, 3) == svf::shuffled_indices(100, 3));
  CHECK(svf::shuffled_indices(100, 3) != svf::shuffled_indices(100, 4));
  CHECK(svf::shuffled_indices(100, 3, 1) != svf::shuffled_indices(100, 3, 2));
}

TEST_CASE("shuffle: all six orders of three are equally frequent") {
  std::map<std::vector<std::size_t>, int> count;
  for (std::uint64_t seed = 0; seed < 6000; ++seed) ++count[svf::shuffled_indices(3, seed)];
  CHECK(count.size() == 6);
  for (auto const& [order, times] : count) {
    CHECK(std::abs(times - 1000) < 5 * 29);  // 5 standard deviations √(6000·5/36)
  }
}
