// SPDX-License-Identifier: Apache-2.0
#include <svfmath/learn/kl.hpp>

#include <doctest/doctest.h>

#include <array>
#include <cmath>
#include <limits>
#include <vector>

#include "support/close.hpp"
#include "support/random.hpp"
#include <svfmath/learn/softmax.hpp>

using svf::kl_direction;
using svf::kl_estimator;

namespace {

std::vector<double> logs(std::vector<double> const& p) {
  std::vector<double> result;
  for (double const x : p) result.push_back(std::log(x));
  return result;
}

std::vector<double> const policy{.5, .3, .2}, reference{.4, .4, .2};
auto const log_p = logs(policy), log_r = logs(reference);

// E over x ~ π of coefficient(x)·∇log π(x), by enumeration.
template <class Coefficient>
std::vector<double> expected_gradient(Coefficient const& coefficient) {
  std::vector<double> g(3, 0.0);
  for (std::size_t x = 0; x < 3; ++x) {
    for (std::size_t k = 0; k < 3; ++k) {
      g[k] += policy[x] * coefficient(x) * (double(k == x) - policy[k]);
    }
  }
  return g;
}

std::vector<double> const to_reference{.0989381987, -.0938847679, -.0050534308};
std::vector<double> const to_policy{.1, -.1, 0.0};

}  // namespace

TEST_CASE("kl: golden values of both directions and of k1, k2, k3") {
  CHECK(test::close(svf::kl_exact(kl_direction::policy_to_reference, log_p, log_r), .0252671539,
                    5e-11));
  CHECK(test::close(svf::kl_exact(kl_direction::reference_to_policy, log_p, log_r), .0258154085,
                    5e-11));
  std::array const k1{.2231435513, -.2876820725, 0.0};
  std::array const k2{.0248965222, .0413804874, 0.0};
  std::array const k3{.0231435513, .0456512609, 0.0};
  double mean1 = 0.0, mean2 = 0.0, mean3 = 0.0;
  for (std::size_t x = 0; x < 3; ++x) {
    double const ratio = log_r[x] - log_p[x];
    double const v1 = svf::kl_sampled(kl_estimator::k1, ratio).value;
    double const v2 = svf::kl_sampled(kl_estimator::k2, ratio).value;
    double const v3 = svf::kl_sampled(kl_estimator::k3, ratio).value;
    CHECK(test::close(v1, k1[x], 5.1e-11));
    CHECK(test::close(v2, k2[x], 5.1e-11));
    CHECK(test::close(v3, k3[x], 5.1e-11));
    mean1 += policy[x] * v1;
    mean2 += policy[x] * v2;
    mean3 += policy[x] * v3;
  }
  CHECK(test::close(mean1, .0252671539, 5e-11));
  CHECK(test::close(mean3, .0252671539, 5e-11));
  CHECK(test::close(mean2, .0248624073, 5e-11));
}

TEST_CASE("kl: golden gradients, exact and expected over the samples") {
  std::vector<double> g(3, 0.0), h(3, 0.0);
  svf::kl_exact_gradient(kl_direction::policy_to_reference, log_p, log_r, 1.0, g);
  CHECK(test::max_difference(g, to_reference) <= 5.1e-11);
  svf::kl_exact_gradient(kl_direction::reference_to_policy, log_p, log_r, 1.0, h);
  CHECK(test::max_difference(h, to_policy) <= 1e-16);
  auto const as_loss = [&](kl_estimator e) {
    return expected_gradient(
        [&](std::size_t x) { return svf::kl_sampled(e, log_r[x] - log_p[x]).loss_coefficient; });
  };
  CHECK(test::max_difference(as_loss(kl_estimator::k1), std::vector{0.0, 0.0, 0.0}) <= 1e-16);
  CHECK(test::max_difference(as_loss(kl_estimator::k2), to_reference) <= 5.1e-11);
  CHECK(test::max_difference(as_loss(kl_estimator::k3), to_policy) <= 1e-16);
  auto const as_cost = expected_gradient(
      [&](std::size_t x) { return svf::kl_sampled(kl_estimator::k1, log_r[x] - log_p[x]).value; });
  CHECK(test::max_difference(as_cost, to_reference) <= 5.1e-11);
}

TEST_CASE("kl: exact gradients agree with central differences for random policies") {
  for (std::uint64_t seed = 0; seed < 10; ++seed) {
    CAPTURE(seed);
    std::size_t const n = 2 + seed % 5;
    auto scores = test::normal_vector<double>(n, 2 * seed);
    auto const base = test::normal_vector<double>(n, 2 * seed + 1);
    std::vector<double> log_policy(n), log_reference(n);
    svf::log_softmax(std::span<double const>(base), log_reference);
    for (auto const d : {kl_direction::policy_to_reference, kl_direction::reference_to_policy}) {
      auto const value_at = [&] {
        svf::log_softmax(std::span<double const>(scores), log_policy);
        return svf::kl_exact(d, log_policy, log_reference);
      };
      std::vector<double> g(n, 1.0);  // the gradient is added
      double const value = value_at();
      CHECK(value >= 0.0);
      CHECK(svf::kl_exact_gradient(d, log_policy, log_reference, 2.0, g) == value);
      for (std::size_t k = 0; k < n; ++k) {
        double const h = 1e-5, kept = scores[k];
        scores[k] = kept + h;
        double const up = value_at();
        scores[k] = kept - h;
        double const down = value_at();
        scores[k] = kept;
        CHECK(test::close(g[k], 1.0 + 2.0 * (up - down) / (2 * h), 1e-8));
      }
    }
  }
}

TEST_CASE("kl: lists of unequal lengths are refused") {
  std::vector<double> const two{-1.0, -1.0}, three{-1.0, -1.0, -1.0};
  std::vector<double> gradient(2);
  for (auto const d : {kl_direction::policy_to_reference, kl_direction::reference_to_policy}) {
    CHECK_THROWS_AS(svf::kl_exact(d, two, three), svf::error);
    CHECK_THROWS_AS(svf::kl_exact(d, three, two), svf::error);
    CHECK_THROWS_AS(svf::kl_exact_gradient(d, two, three, 1.0, gradient), svf::error);
    CHECK_THROWS_AS(svf::kl_exact_gradient(d, three, three, 1.0, gradient), svf::error);
    CHECK_NOTHROW(svf::kl_exact_gradient(d, two, two, 1.0, gradient));
  }
  CHECK_THROWS_AS(svf::kl_divergence(two, three), svf::error);
  CHECK_THROWS_AS(svf::kl_divergence(three, two), svf::error);
}

TEST_CASE("kl: k3 keeps its digits close to the reference") {
  // k3 = ½·log² r to leading order; r − 1 − log r cancels naively, to 0 or to 1e-16 here.
  CHECK(test::close_relative(svf::kl_sampled(kl_estimator::k3, 1e-9).value, 5e-19, 1e-5));
  CHECK(test::close(svf::kl_sampled(kl_estimator::k3, 1e-4).value, 0.5e-8, 1e-12));
}

TEST_CASE("kl: a penalty whose estimator serves the other direction is refused") {
  auto const to_ref = kl_direction::policy_to_reference;
  auto const to_pol = kl_direction::reference_to_policy;
  CHECK_NOTHROW(svf::check(svf::kl_penalty{0.1, to_ref, kl_estimator::exact}));
  CHECK_NOTHROW(svf::check(svf::kl_penalty{0.1, to_pol, kl_estimator::exact}));
  CHECK_NOTHROW(svf::check(svf::kl_penalty{0.1, to_ref, kl_estimator::k1}));
  CHECK_NOTHROW(svf::check(svf::kl_penalty{0.1, to_ref, kl_estimator::k2}));
  CHECK_NOTHROW(svf::check(svf::kl_penalty{0.1, to_pol, kl_estimator::k3}));
  CHECK_THROWS_AS(svf::check(svf::kl_penalty{0.1, to_pol, kl_estimator::k1}), svf::error);
  CHECK_THROWS_AS(svf::check(svf::kl_penalty{0.1, to_pol, kl_estimator::k2}), svf::error);
  CHECK_THROWS_AS(svf::check(svf::kl_penalty{0.1, to_ref, kl_estimator::k3}), svf::error);
  CHECK_THROWS_AS(svf::check(svf::kl_penalty{-0.1}), svf::error);
  CHECK_THROWS_AS(svf::check(svf::kl_penalty{std::numeric_limits<double>::quiet_NaN()}),
                  svf::error);
  CHECK_THROWS_AS(svf::kl_sampled(kl_estimator::exact, 0.0), svf::error);
}
