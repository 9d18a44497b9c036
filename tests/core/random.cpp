// SPDX-License-Identifier: Apache-2.0
#include <svfmath/core/random.hpp>

#include <array>
#include <cmath>
#include <cstdint>
#include <numbers>
#include <random>
#include <vector>

#include <doctest/doctest.h>

#include "support/close.hpp"

using svf::philox4x32;

TEST_CASE("random: Philox4x32-10 gives the vectors its authors published") {
  // The known-answer file of Random123 1.14, lines "philox4x32 10".
  struct known_answer {
    philox4x32::counter_type counter;
    philox4x32::key_type key;
    philox4x32::counter_type result;
  };
  std::array<known_answer, 3> const known{{
      {{0, 0, 0, 0}, {0, 0}, {0x6627e8d5u, 0xe169c58du, 0xbc57ac4cu, 0x9b00dbd8u}},
      {{0xffffffffu, 0xffffffffu, 0xffffffffu, 0xffffffffu},
       {0xffffffffu, 0xffffffffu},
       {0x408f276du, 0x41c83b0eu, 0xa20bc7c6u, 0x6d5451fdu}},
      {{0x243f6a88u, 0x85a308d3u, 0x13198a2eu, 0x03707344u},
       {0xa4093822u, 0x299f31d0u},
       {0xd16cfe09u, 0x94fdccebu, 0x5001e420u, 0x24126ea1u}},
  }};
  for (known_answer const& answer : known) {
    CHECK(philox4x32::bijection(answer.counter, answer.key) == answer.result);
  }
}

TEST_CASE("random: a number depends on seed, stream and position alone") {
  svf::random_stream const a(7, 3);
  svf::random_stream const again(7, 3);
  std::vector<double> forward;
  for (std::uint64_t i = 0; i < 100; ++i) {
    forward.push_back(a.uniform(i));
  }
  for (std::uint64_t i = 100; i-- > 0;) {
    CHECK(again.uniform(i) == forward[i]);
  }
  CHECK(svf::random_stream(7, 4).bits(0) != a.bits(0));
  CHECK(svf::random_stream(8, 3).bits(0) != a.bits(0));
  CHECK(a.bits(std::uint64_t{1} << 40) != a.bits(0));
}

TEST_CASE("random: uniform and normal have their moments") {
  // Standard errors over n draws: mean 1/sqrt(12 n) and 1/sqrt(n), variance of the normal
  // sqrt(2/n); five of them is a bound that a right generator passes for this fixed seed.
  constexpr std::uint64_t n = 200000;
  svf::random_stream const random(2026);
  double uniform_sum = 0.0;
  double sum = 0.0;
  double squares = 0.0;
  double cubes = 0.0;
  double neighbours = 0.0;
  for (std::uint64_t i = 0; i < n; ++i) {
    double const u = random.uniform(i);
    REQUIRE((u >= 0.0 && u < 1.0));
    uniform_sum += u;
    double const x = random.normal(i);
    sum += x;
    squares += x * x;
    cubes += x * x * x;
    neighbours += x * random.normal(i + 1);
  }
  double const root = std::sqrt(double(n));
  CHECK(test::close(uniform_sum / n, 0.5, 5.0 / (std::sqrt(12.0) * root)));
  CHECK(test::close(sum / n, 0.0, 5.0 / root));
  CHECK(test::close(squares / n, 1.0, 5.0 * std::sqrt(2.0) / root));
  CHECK(test::close(cubes / n, 0.0, 5.0 * std::sqrt(15.0) / root));
  CHECK(test::close(neighbours / n, 0.0, 5.0 / root));
}

TEST_CASE("random: below is the high half of the product of word and bound, and is even") {
  svf::random_stream const random(11);
  for (std::uint64_t bound : {std::uint64_t{1}, std::uint64_t{6}, std::uint64_t{1} << 33,
                              ~std::uint64_t{0}}) {
    for (std::uint64_t i = 0; i < 1000; ++i) {
      __extension__ using wide = unsigned __int128;
      CHECK(random.below(i, bound) == std::uint64_t((wide(random.bits(i)) * bound) >> 64));
    }
  }
  std::array<double, 6> counts{};
  constexpr double draws = 60000;
  for (std::uint64_t i = 0; i < std::uint64_t(draws); ++i) {
    counts[random.below(i, 6)] += 1.0;
  }
  for (double const count : counts) {
    // Five standard deviations of a binomial count.
    CHECK(test::close(count, draws / 6.0, 5.0 * std::sqrt(draws / 6.0 * 5.0 / 6.0)));
  }
}

TEST_CASE("random: a generator resumes from its seed, stream and position") {
  static_assert(std::uniform_random_bit_generator<svf::generator>);
  svf::generator first(5, 9);
  for (int i = 0; i < 17; ++i) {
    static_cast<void>(first.normal());
  }
  svf::generator second(first.seed(), first.stream(), first.position());
  CHECK(first == second);
  CHECK(first() == second());
  CHECK(first.uniform() == second.uniform());
  CHECK(first.below(10) == second.below(10));
  CHECK(first.normal() == second.normal());
  CHECK(first.position() == 21);
  static_cast<void>(first());
  CHECK_FALSE(first == second);
}

TEST_CASE("random: draws of a generator are independent across kinds") {
  // The correlations that bits shared by a normal and a uniform would give: of the uniform with
  // the normal's size, and of the uniform's angle with the normal. Standard error of a correlation
  // over n draws: 1/sqrt(n).
  constexpr int n = 20000;
  auto const correlation = [](std::vector<double> const& a, std::vector<double> const& b) {
    double sums[5] = {};
    for (std::size_t i = 0; i < a.size(); ++i) {
      double const terms[5] = {a[i], b[i], a[i] * a[i], b[i] * b[i], a[i] * b[i]};
      for (int j = 0; j < 5; ++j) {
        sums[j] += terms[j] / double(a.size());
      }
    }
    return (sums[4] - sums[0] * sums[1]) /
           std::sqrt((sums[2] - sums[0] * sums[0]) * (sums[3] - sums[1] * sums[1]));
  };
  // Were uniforms addressed by word and normals by block, these would meet at early positions.
  for (std::uint64_t start = 0; start < 6; ++start) {
    for (bool const normal_first : {true, false}) {
      std::vector<double> sizes, signs, uniforms, angles;
      for (int i = 0; i < n; ++i) {
        svf::generator random(std::uint64_t(i), 0, start);
        double x = normal_first ? random.normal() : 0.0;
        double const u = random.uniform();
        x = normal_first ? x : random.normal();
        sizes.push_back(std::abs(x));
        signs.push_back(x);
        uniforms.push_back(u);
        angles.push_back(std::cos(2.0 * std::numbers::pi * u));
      }
      CAPTURE(start);
      CAPTURE(normal_first);
      double const bound = 5.0 / std::sqrt(double(n));
      CHECK(std::abs(correlation(sizes, uniforms)) < bound);
      CHECK(std::abs(correlation(signs, angles)) < bound);
    }
  }
}

TEST_CASE("random: a generator's draw at p is the stream's normal(p) or its word 2p") {
  svf::random_stream const stream(3, 4);
  svf::generator random(3, 4);
  CHECK(random.normal() == stream.normal(0));
  CHECK(random.uniform() == stream.uniform(2));
  CHECK(random() == stream.bits(4));
  CHECK(random.below(1000) == stream.below(6, 1000));
  CHECK(random.position() == 4);
}
