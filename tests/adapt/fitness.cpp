// SPDX-License-Identifier: Apache-2.0
#include <svfmath/adapt/fitness.hpp>

#include <cmath>
#include <limits>
#include <vector>

#include <doctest/doctest.h>

using svf::better;
using svf::fitness;
using svf::sense;

namespace {

constexpr double nan_value = std::numeric_limits<double>::quiet_NaN();
constexpr double infinity = std::numeric_limits<double>::infinity();

}  // namespace

TEST_CASE("fitness: NaN and infinities in either place are no measurement") {
  CHECK(svf::is_measured({}));
  CHECK(svf::is_measured({-1e308, 1e308}));
  CHECK(!svf::is_measured(svf::unmeasured));
  for (double const bad : {nan_value, infinity, -infinity}) {
    CHECK(!svf::is_measured({bad, 0.0}));
    CHECK(!svf::is_measured({0.0, bad}));
  }
}

TEST_CASE("fitness: the first value decides, then the second, in the sense asked for") {
  CHECK(better({2, 0}, {1, 9}, sense::max));
  CHECK(!better({1, 9}, {2, 0}, sense::max));
  CHECK(better({1, 9}, {1, 8}, sense::max));
  CHECK(better({1, 9}, {2, 0}, sense::min));
  CHECK(better({1, 8}, {1, 9}, sense::min));
  for (auto const s : {sense::max, sense::min}) {
    CHECK(!better({1, 9}, {1, 9}, s));
  }
}

TEST_CASE("fitness: what is not measured is worse than every measurement, in both senses") {
  std::vector<fitness> const bad{svf::unmeasured,   {nan_value, 5},  {5, nan_value},
                                 {infinity, 0.0},   {-infinity, 0.0}, {0.0, infinity}};
  for (auto const s : {sense::max, sense::min}) {
    for (fitness const& b : bad) {
      for (double const v : {-1e300, 0.0, 1e300}) {
        CHECK(better({v, v}, b, s));
        CHECK(!better(b, {v, v}, s));
      }
      for (fitness const& other : bad) {
        CHECK(!better(b, other, s));
      }
    }
  }
}

TEST_CASE("fitness: `better` is a strict weak order, NaN and infinities included") {
  std::vector<fitness> all;
  for (double const first : {-1.0, 0.0, 1.0, nan_value, infinity, -infinity}) {
    for (double const second : {-1.0, 0.0, nan_value, infinity}) {
      all.push_back({first, second});
    }
  }
  for (auto const s : {sense::max, sense::min}) {
    auto const equal = [&](fitness const& a, fitness const& b) {
      return !better(a, b, s) && !better(b, a, s);
    };
    bool holds = true;
    for (fitness const& a : all) {
      holds = holds && !better(a, a, s);
      for (fitness const& b : all) {
        holds = holds && !(better(a, b, s) && better(b, a, s));
        for (fitness const& c : all) {
          holds = holds && (!(better(a, b, s) && better(b, c, s)) || better(a, c, s));
          holds = holds && (!(equal(a, b) && equal(b, c)) || equal(a, c));
        }
      }
    }
    CHECK(holds);
  }
}

TEST_CASE("fitness: an objective returns a number or a pair") {
  CHECK(svf::as_fitness(3) == fitness{3.0, 0.0});
  CHECK(svf::as_fitness(0.5f) == fitness{0.5, 0.0});
  CHECK(svf::as_fitness(fitness{1.0, -2.0}) == fitness{1.0, -2.0});
}
