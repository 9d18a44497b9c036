// SPDX-License-Identifier: Apache-2.0
#include <svfmath/learn/gradient_clip.hpp>

#include <doctest/doctest.h>

#include <cmath>
#include <limits>
#include <vector>

#include "support/close.hpp"
#include "support/random.hpp"

TEST_CASE("gradient_clip: long gradients are cut to the limit and keep their direction") {
  auto g = test::normal_vector<float>(1000, 5);
  auto const before = g;
  double const norm = svf::clip_global_norm(g, 1e-3);
  CHECK(test::close_relative(norm, std::sqrt(1000.0), 0.1));
  CHECK(test::close_relative(svf::global_norm(g), 1e-3, 0x1p-24));
  for (std::size_t i = 0; i < g.size(); ++i) {
    CHECK(test::close_relative(double(g[i]), double(before[i]) * 1e-3 / norm, 0x1p-24));
  }
}

TEST_CASE("gradient_clip: short gradients stay as they are") {
  std::vector<float> g{3e-4f, 4e-4f};
  auto const before = g;
  CHECK(test::close_relative(svf::clip_global_norm(g, 1e-3), 5e-4, 1e-7));
  CHECK(g == before);
  std::vector<float> large{1e30f, 1e30f};  // the square needs double
  CHECK(std::isfinite(svf::clip_global_norm(large, std::numeric_limits<double>::infinity())));
  CHECK(large == std::vector{1e30f, 1e30f});
}

TEST_CASE("gradient_clip: gradients that are not finite and limits that are not positive") {
  std::vector<float> nan{1.0f, NAN}, inf{INFINITY}, good{1.0f};
  CHECK_THROWS_AS(svf::clip_global_norm(nan, 1.0), svf::error);
  CHECK_THROWS_AS(svf::clip_global_norm(inf, 1.0), svf::error);
  CHECK_THROWS_AS(svf::clip_global_norm(good, 0.0), svf::error);
  CHECK_THROWS_AS(svf::clip_global_norm(good, NAN), svf::error);
}
