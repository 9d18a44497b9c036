// SPDX-License-Identifier: Apache-2.0
#include <svfmath/learn/importance.hpp>

#include <doctest/doctest.h>

#include <cmath>
#include <limits>

#include "support/close.hpp"

TEST_CASE("importance: the ratio is clipped only where that lowers the gain") {
  svf::ratio_clip const clip{0.2, 0.3};
  double const up = std::log(2.0), down = std::log(0.5);
  CHECK(test::close(clip(1.0, up, 0.0).loss, -1.3, 1e-15));
  CHECK(clip(1.0, up, 0.0).coefficient == 0.0);
  CHECK(test::close(clip(-1.0, up, 0.0).loss, 2.0, 1e-15));
  CHECK(test::close(clip(-1.0, up, 0.0).coefficient, 2.0, 1e-15));
  CHECK(test::close(clip(1.0, down, 0.0).loss, -0.5, 1e-15));
  CHECK(test::close(clip(1.0, down, 0.0).coefficient, -0.5, 1e-15));
  CHECK(test::close(clip(-1.0, down, 0.0).loss, 0.8, 1e-15));
  CHECK(clip(-1.0, down, 0.0).coefficient == 0.0);
}

TEST_CASE("importance: on-policy its gradient is REINFORCE's") {
  for (double const a : {-2.0, 0.0, 3.0}) {
    CHECK(svf::ratio_clip{}(a, -1.5, -1.5).coefficient == svf::reinforce_term(a, -1.5).coefficient);
  }
}

TEST_CASE("importance: the coefficient is the derivative of the loss") {
  double const unlimited = std::numeric_limits<double>::infinity();
  for (auto const clip : {svf::ratio_clip{}, svf::ratio_clip{unlimited, unlimited}}) {
    for (double const a : {-1.0, 0.5}) {
      for (double const lp : {-0.9, -0.5, -0.45, 0.3}) {
        double const h = 1e-6;
        double const slope = (clip(a, lp + h, -0.5).loss - clip(a, lp - h, -0.5).loss) / (2 * h);
        CHECK(test::close(clip(a, lp, -0.5).coefficient, slope, 1e-8));
      }
    }
  }
}

TEST_CASE("importance: bounds below 0 or NaN are refused, infinite ones are not") {
  double const unlimited = std::numeric_limits<double>::infinity();
  for (auto const clip : {svf::ratio_clip{}, svf::ratio_clip{0.0, 0.0},
                          svf::ratio_clip{unlimited, unlimited}}) {
    CHECK_NOTHROW(svf::check(clip));
  }
  for (auto const clip : {svf::ratio_clip{-0.1, 0.2}, svf::ratio_clip{0.2, -0.1},
                          svf::ratio_clip{NAN, 0.2}, svf::ratio_clip{0.2, NAN}}) {
    CHECK_THROWS_WITH_AS(svf::check(clip), doctest::Contains("low and high >= 0"), svf::error);
  }
}

TEST_CASE("importance: a ratio without a finite value is refused") {
  double const unlimited = std::numeric_limits<double>::infinity();
  svf::ratio_clip const plain{unlimited, unlimited};
  for (auto const& clip : {svf::ratio_clip{}, plain}) {
    for (double const gain : {-1.0, 0.0, 1.0}) {
      CHECK_NOTHROW(clip(gain, 0.0, -700.0));
      CHECK_THROWS_WITH_AS(clip(gain, 0.0, -710.0), doctest::Contains("finite ratio"), svf::error);
      CHECK_THROWS_AS(clip(gain, NAN, -1.0), svf::error);
    }
    CHECK_THROWS_AS(clip(1e10, 0.0, -700.0), svf::error);  // the ratio is finite, the gain is not
  }
}
