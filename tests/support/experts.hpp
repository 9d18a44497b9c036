// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <svfmath/expert/expert.hpp>

#include <support/random.hpp>

namespace test {

/// A small layout over two layers with square, tall and wide sites: ranks 3, 2, 4 and 1, D = 10.
inline std::shared_ptr<svf::layout const> small_layout() {
  std::vector<svf::site_spec> sites = {{"layers.0.up", 5, 3, {}, 0},
                                       {"layers.0.down", 2, 6, {}, 0},
                                       {"layers.1.up", 4, 4, {}, 1},
                                       {"layers.1.down", 1, 7, {}, 1}};
  return std::make_shared<svf::layout const>(std::move(sites));
}

/// An expert with z uniform in [low, high).
inline svf::expert random_expert(std::shared_ptr<svf::layout const> const& layout,
                                 std::string name, std::uint64_t seed, float low = 0.25f,
                                 float high = 2.0f) {
  auto const z = uniform_vector<float>(std::size_t(layout->size()), low, high, seed);
  return {layout, std::span<float const>(z), std::move(name)};
}

}  // namespace test
