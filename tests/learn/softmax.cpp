// SPDX-License-Identifier: Apache-2.0
#include <svfmath/learn/softmax.hpp>

#include <doctest/doctest.h>

#include <cmath>
#include <limits>

#include "support/close.hpp"
#include "support/random.hpp"

TEST_CASE("softmax: agrees with the definition and sums to 1 for random rows") {
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    CAPTURE(seed);
    std::size_t const n = 1 + seed % 7;
    auto const scores = test::normal_vector<float>(n, seed);
    std::vector<double> log_policy(n);
    svf::log_softmax(std::span<float const>(scores), log_policy);
    double sum = 0.0;
    for (float const s : scores) sum += std::exp(double(s));
    double total = 0.0;
    for (std::size_t a = 0; a < n; ++a) {
      CHECK(test::close(log_policy[a], double(scores[a]) - std::log(sum), 1e-14 * double(n + 8)));
      total += std::exp(log_policy[a]);
    }
    CHECK(test::close(total, 1.0, 1e-15 * double(n + 4)));
  }
}

TEST_CASE("softmax: neither overflows nor loses differences at large scores") {
  std::vector<float> const scores{-30000.0f, -30001.0f, 0.0f - 30002.0f};
  std::vector<double> shifted(3), plain(3);
  svf::log_softmax(std::span<float const>(scores), shifted);
  std::vector<double> const small{0.0, -1.0, -2.0};
  svf::log_softmax(std::span<double const>(small), plain);
  CHECK(test::max_difference(shifted, plain) == 0.0);
  std::vector<float> const wide{3e38f, -3e38f};
  std::vector<double> out(2);
  svf::log_softmax(std::span<float const>(wide), out);
  CHECK(out[0] == 0.0);
  CHECK(std::isfinite(out[1]));
  CHECK(svf::entropy(out) == 0.0);
}

TEST_CASE("softmax: entropy of the uniform policy is log n") {
  auto const table = svf::log_softmax(svf::uniform_table<float>(1, 8));
  CHECK(test::close(svf::entropy(table.row(0)), std::log(8.0), 1e-14));
}

TEST_CASE("softmax: scores that are not finite are refused") {
  svf::action_table<float> table{{0, std::numeric_limits<float>::infinity()}, {0, 2}};
  CHECK_THROWS_AS(svf::log_softmax(table), svf::error);
}
