// SPDX-License-Identifier: Apache-2.0
#pragma once

/// Bodies for every backend; the including unit names its policies in SVFMATH_TEST_POLICIES.
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <vector>

#include <doctest/doctest.h>
#include <svfmath/core/error.hpp>
#include <svfmath/core/random.hpp>
#include <svfmath/core/transfer.hpp>
#include <svfmath/factor/factorize_each_spread.hpp>

#include <support/close.hpp>
#include <support/exactness.hpp>
#include <support/random.hpp>
#include <support/spectra.hpp>

namespace {

template <class Exec>
std::vector<Exec> some_policies(std::size_t count) {
  std::vector<Exec> result;
  for (std::size_t k = 0; k < count; ++k) {
    result.push_back(test::make_policy<Exec>());
  }
  return result;
}

template <class Exec>
using weights_there = std::vector<svf::matrix<float, typename Exec::space>>;

template <class Exec>
weights_there<Exec> on_first(std::vector<Exec>& execs,
                             std::vector<svf::matrix<float>> const& weights) {
  weights_there<Exec> there;
  for (auto const& w : weights) {
    there.push_back(svf::matrix_on(execs.front(), w));
  }
  return there;
}

// Factors of weights, on the host. Checks what the sink is told.
template <class Exec, class Weights>
std::vector<svf::svd_factors<float>> spread_factors(std::vector<Exec>& execs,
                                                    Weights const& weights) {
  std::vector<svf::svd_factors<float>> result(weights.size());
  std::vector<int> calls(weights.size());
  std::atomic<int> inside = 0;
  bool alone = true;
  bool known = true;
  svf::factorize_each(execs, weights, [&](Exec& exec, std::size_t i, auto&& factors) {
    alone = ++inside == 1 && alone;
    known = &exec >= execs.data() && &exec < execs.data() + execs.size() && known;
    result[i] = svf::host_factors(exec, factors);
    ++calls[i];
    --inside;
  });
  CHECK(alone);
  CHECK(known);
  CHECK(calls == std::vector<int>(weights.size(), 1));
  return result;
}

std::vector<svf::matrix<float>> mixed_weights() {
  svf::random_stream const random(30);
  std::vector<svf::matrix<float>> weights;
  for (std::uint64_t k = 0; k < 30; ++k) {  // few different orders, wide and tall ones
    auto const n = svf::index_t(1 + 11 * random.below(4 * k, 5));
    auto const m = n + svf::index_t(random.below(4 * k + 1, 30));
    weights.push_back(random.below(4 * k + 2, 2) == 0 ? test::normal_matrix<float>(m, n, k)
                                                      : test::normal_matrix<float>(n, m, k));
  }
  for (auto const& each : test::hard_matrices(60, 34)) {
    weights.push_back(each.w);
  }
  weights.push_back(svf::matrix<float>(34, 60));  // zero
  return weights;
}

void check_accuracy(std::vector<svf::svd_factors<float>> const& factors,
                    std::vector<svf::matrix<float>> const& weights) {
  for (std::size_t k = 0; k < weights.size(); ++k) {
    CAPTURE(k);
    svf::validate(factors[k], "test");
    CHECK(test::reconstruction<float>(factors[k], weights[k].view()) <= 1e-6);
    CHECK(test::orthogonality(factors[k]) <= 1e-6);
  }
}

void check_same(std::vector<svf::svd_factors<float>> const& a,
                std::vector<svf::svd_factors<float>> const& b) {
  REQUIRE(a.size() == b.size());
  for (std::size_t k = 0; k < a.size(); ++k) {
    CAPTURE(k);
    CHECK(test::max_difference(a[k].u, b[k].u) == 0.0);
    CHECK(test::max_difference(a[k].s, b[k].s) == 0.0);
    CHECK(test::max_difference(a[k].vt, b[k].vt) == 0.0);
  }
}

}  // namespace

TEST_CASE_TEMPLATE("factorize_each, several policies: every weight once, in every run the same",
                   Exec, SVFMATH_TEST_POLICIES) {
  auto const weights = mixed_weights();
  for (std::size_t const count : {1u, 2u, 3u}) {
    CAPTURE(count);
    auto execs = some_policies<Exec>(count);
    auto const there = on_first(execs, weights);
    auto const first = spread_factors(execs, there);
    check_accuracy(first, weights);
    check_same(first, spread_factors(execs, there));
    check_same(first, spread_factors(execs, weights));  // from the host
  }
}

TEST_CASE_TEMPLATE("factorize_each, several policies: views in either order, of part of a matrix",
                   Exec, SVFMATH_TEST_POLICIES) {
  auto execs = some_policies<Exec>(2);
  auto const whole = test::normal_matrix<float>(40, 50, 1);
  auto const part = whole.view().block(3, 5, 20, 30);
  auto const there = svf::matrix_on(execs.front(), whole);
  auto const part_there = there.view().block(3, 5, 20, 30);
  std::vector const host{part, svf::transposed(part), part.rows_range(0, 1)};
  std::vector const device{part_there, svf::transposed(part_there), part_there.rows_range(0, 1)};
  auto const factors = spread_factors(execs, device);
  check_same(factors, spread_factors(execs, host));
  for (std::size_t k = 0; k < host.size(); ++k) {
    CHECK(test::reconstruction<float>(factors[k], host[k]) <= 1e-6);
  }
}

TEST_CASE_TEMPLATE("factorize_each, several policies: none, no weights, one that is refused", Exec,
                   SVFMATH_TEST_POLICIES) {
  auto execs = some_policies<Exec>(2);
  std::vector<Exec> none;
  auto const ignore = [](Exec&, std::size_t, auto&&) {};
  CHECK_THROWS_WITH_AS(svf::factorize_each(none, weights_there<Exec>(), ignore),
                       "factorize_each: expected a policy or more, got none", svf::error);
  CHECK(spread_factors(execs, weights_there<Exec>()).empty());
  auto weights = mixed_weights();
  weights[7](0, 0) = std::numeric_limits<float>::infinity();
  auto const there = on_first(execs, weights);
  for (int round = 0; round < 3; ++round) {
    try {
      svf::factorize_each(execs, there, ignore);
      FAIL("an infinity was factored");
    } catch (svf::error const& problem) {
      CHECK(problem.kind() == svf::error_kind::numeric);
      CHECK(std::string(problem.what())
                .find("weight 7: factorize: expected finite weights, got inf at (0,0)") == 0);
    }
  }
  weights[7](0, 0) = 1.0f;  // the policies go on working
  check_accuracy(spread_factors(execs, weights), weights);
}

TEST_CASE_TEMPLATE("factorize_each, several policies: a sink that throws is not called again", Exec,
                   SVFMATH_TEST_POLICIES) {
  auto execs = some_policies<Exec>(3);
  auto const there = on_first(execs, mixed_weights());
  for (int const last : {1, 2, 9}) {
    int calls = 0;
    CHECK_THROWS_WITH_AS(svf::factorize_each(execs, there,
                                             [&](Exec&, std::size_t, auto&&) {
                                               if (++calls == last) {
                                                 throw std::runtime_error("the disk is full");
                                               }
                                             }),
                         "the disk is full", std::runtime_error);
    CHECK(calls == last);
  }
}
