// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <numeric>
#include <utility>
#include <vector>

#include <svfmath/core/random.hpp>

namespace svf {

/// 0 … count−1 in a random order (Fisher-Yates): a function of (count, seed, stream) alone, the
/// same on every platform. O(count).
inline std::vector<std::size_t> shuffled_indices(std::size_t count, std::uint64_t seed,
                                                 std::uint64_t stream = 0) {
  std::vector<std::size_t> order(count);
  std::iota(order.begin(), order.end(), std::size_t{0});
  random_stream const random(seed, stream);
  for (std::size_t i = count; i > 1; --i) {
    std::swap(order[i - 1], order[std::size_t(random.below(i, i))]);
  }
  return order;
}

}  // namespace svf
