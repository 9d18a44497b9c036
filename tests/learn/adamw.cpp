// SPDX-License-Identifier: Apache-2.0
#include <svfmath/learn/adamw.hpp>

#include <doctest/doctest.h>

#include <cmath>
#include <limits>
#include <vector>

#include "support/close.hpp"
#include "support/random.hpp"

TEST_CASE("adamw: the first two steps by hand") {
  svf::adamw_options const options{
      .beta1 = 0.9, .beta2 = 0.99, .epsilon = 0.5, .weight_decay = 0.1};
  svf::adamw_state state;
  std::vector<float> p{2.0f};
  // m = 0.05, v = 0.0025; corrected 0.5 and 0.25: 0.5/(0.5 + 0.5) = 0.5; decay 0.1·0.1·2 = 0.02
  svf::adamw_step(options, state, p, std::vector{0.5f}, 0.1);
  CHECK(test::close(p[0], 2.0 - 0.02 - 0.05, 2e-7));
  CHECK(test::close(state.first[0], 0.05, 1e-8));
  CHECK(test::close(state.second[0], 0.0025, 1e-9));
  CHECK(state.steps == 1);
  // m = 0.045 − 0.1 = −0.055, /0.19; v = 0.002475 + 0.01 = 0.012475, /0.0199
  svf::adamw_step(options, state, p, std::vector{-1.0f}, 0.1);
  double const move = (-0.055 / 0.19) / (std::sqrt(0.012475 / 0.0199) + 0.5);
  CHECK(test::close(p[0], 1.93 - 0.01 * 1.93 - 0.1 * move, 5e-7));
}

TEST_CASE("adamw: follows a reference in double over many steps") {
  std::size_t const n = 17;
  svf::adamw_options const options{.weight_decay = 0.01, .decay_centre = 1.0};
  auto p = test::normal_vector<float>(n, 1);
  std::vector<double> x(p.begin(), p.end()), m(n), v(n);
  svf::adamw_state state;
  int const steps = 300;
  for (int t = 1; t <= steps; ++t) {
    auto const g = test::normal_vector<float>(n, std::uint64_t(100 + t));
    double const rate = 2e-3 * (1.0 + std::cos(0.01 * t));
    svf::adamw_step(options, state, p, g, rate);
    for (std::size_t i = 0; i < n; ++i) {
      m[i] = 0.9 * m[i] + 0.1 * double(g[i]);
      v[i] = 0.999 * v[i] + 0.001 * double(g[i]) * double(g[i]);
      x[i] -= rate * 0.01 * (x[i] - 1.0);
      x[i] -= rate * (m[i] / (1.0 - std::pow(0.9, t))) /
              (std::sqrt(v[i] / (1.0 - std::pow(0.999, t))) + 1e-8);
    }
  }
  // Every step rounds p (|p| < 4) once to float, and moments of relative error 2⁻²⁴ move by < lr.
  CHECK(test::max_difference(p, x) <= steps * 4.0 * 0x1p-24);
}

TEST_CASE("adamw: a zero gradient decays towards the centre and nothing else") {
  svf::adamw_options const options{.weight_decay = 0.5, .decay_centre = 1.0};
  svf::adamw_state state;
  std::vector<float> p{3.0f, 1.0f};
  svf::adamw_step(options, state, p, std::vector{0.0f, 0.0f}, 0.5);
  CHECK(p == std::vector{2.5f, 1.0f});
}

TEST_CASE("adamw: a copied state goes on bit for bit") {
  std::vector<float> p{1.0f, 2.0f}, q;
  svf::adamw_state state, saved;
  for (int t = 0; t < 10; ++t) {
    if (t == 4) {
      saved = state;
      q = p;
    }
    svf::adamw_step({}, state, p, test::normal_vector<float>(2, std::uint64_t(t)), 1e-2);
  }
  for (int t = 4; t < 10; ++t) {
    svf::adamw_step({}, saved, q, test::normal_vector<float>(2, std::uint64_t(t)), 1e-2);
  }
  CHECK(p == q);
  CHECK(state == saved);
}

TEST_CASE("adamw: sizes and options that do not fit are refused") {
  svf::adamw_state state;
  std::vector<float> p{1.0f};
  CHECK_THROWS_AS(svf::adamw_step({}, state, p, std::vector{1.0f, 2.0f}, 0.1), svf::error);
  svf::adamw_state other{{0.0f, 0.0f}, {0.0f, 0.0f}, 1};
  CHECK_THROWS_AS(svf::adamw_step({}, other, p, std::vector{1.0f}, 0.1), svf::error);
  CHECK_THROWS_AS(svf::adamw_step({.beta1 = 1.0}, state, p, std::vector{1.0f}, 0.1), svf::error);
  CHECK_THROWS_AS(svf::adamw_step({.epsilon = 0.0}, state, p, std::vector{1.0f}, 0.1), svf::error);
  CHECK_THROWS_AS(svf::adamw_step({}, state, p, std::vector{1.0f}, NAN), svf::error);
  CHECK(p[0] == 1.0f);
}
