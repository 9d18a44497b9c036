// SPDX-License-Identifier: Apache-2.0
#include <svfmath/core/random.hpp>

#include <array>
#include <cmath>
#include <cstdint>
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
