// SPDX-License-Identifier: Apache-2.0
#pragma once

/// Bodies for every backend; the including unit names its policies in SVFMATH_TEST_POLICIES.
#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include <doctest/doctest.h>
#include <svfmath/core/error.hpp>
#include <svfmath/core/random.hpp>
#include <svfmath/core/transfer.hpp>
#include <svfmath/factor/factorize_each.hpp>

#include <support/close.hpp>
#include <support/exactness.hpp>
#include <support/random.hpp>
#include <support/spectra.hpp>

namespace {

// Factors of host matrices, on the host, and how often the sink was called for each.
template <class Exec, class T>
std::pair<std::vector<svf::svd_factors<T>>, std::vector<int>> each_factorized(
    Exec& exec, std::vector<svf::matrix<T>> const& weights) {
  std::vector<svf::matrix<T, typename Exec::space>> there;
  for (auto const& w : weights) {
    there.push_back(svf::matrix_on(exec, w));
  }
  std::pair<std::vector<svf::svd_factors<T>>, std::vector<int>> result;
  result.first.resize(weights.size());
  result.second.resize(weights.size());
  // On the CPU the sink runs on threads of `exec`, which it therefore leaves alone.
  svf::factorize_each(exec, there, [&](std::size_t i, auto&& factors) {
    if constexpr (std::is_same_v<typename Exec::space, svf::host_space>) {
      result.first[i] = std::forward<decltype(factors)>(factors);
    } else {
      result.first[i] = svf::host_factors(exec, factors);
    }
    ++result.second[i];
  });
  return result;
}

}  // namespace

TEST_CASE_TEMPLATE("factorize_each: every weight once, as accurate as alone", Exec,
                   SVFMATH_TEST_POLICIES) {
  auto exec = test::make_policy<Exec>();
  constexpr std::uint64_t seed = 20;
  CAPTURE(seed);
  svf::random_stream const random(seed);
  std::vector<svf::matrix<float>> weights;
  for (std::uint64_t k = 0; k < 40; ++k) {  // few different orders, wide and tall ones
    auto const n = svf::index_t(1 + 11 * random.below(4 * k, 5));
    auto const m = n + svf::index_t(random.below(4 * k + 1, 30));
    weights.push_back(random.below(4 * k + 2, 2) == 0 ? test::normal_matrix<float>(m, n, k)
                                                      : test::normal_matrix<float>(n, m, k));
  }
  auto const [factors, calls] = each_factorized(exec, weights);
  for (std::size_t k = 0; k < weights.size(); ++k) {
    CAPTURE(k);
    CHECK(calls[k] == 1);
    svf::validate(factors[k], "test");
    CHECK(test::reconstruction<float>(factors[k], weights[k].view()) <= 1e-6);
    CHECK(test::orthogonality(factors[k]) <= 1e-6);
    auto const alone =
        svf::host_factors(exec, svf::factorize(exec, svf::matrix_on(exec, weights[k])));
    CHECK(test::max_difference(factors[k].s, alone.s) <= 1.2e-7 * double(alone.s[0]));
  }
}

TEST_CASE_TEMPLATE("factorize_each: all 17 kinds of matrix together, zero among them", Exec,
                   SVFMATH_TEST_POLICIES) {
  auto exec = test::make_policy<Exec>();
  std::vector<svf::matrix<float>> weights;
  for (auto const& each : test::hard_matrices(80, 48)) {
    weights.push_back(each.w);
  }
  weights.push_back(svf::matrix<float>(48, 60));
  auto const [factors, calls] = each_factorized(exec, weights);
  for (std::size_t k = 0; k < weights.size(); ++k) {
    CAPTURE(k);
    CHECK(calls[k] == 1);
    CHECK(test::reconstruction<float>(factors[k], weights[k].view()) <= 1e-6);
    CHECK(test::orthogonality(factors[k]) <= 1e-6);
  }
}

TEST_CASE_TEMPLATE("factorize_each: no weights, and one that is refused by its number", Exec,
                   SVFMATH_TEST_POLICIES) {
  auto exec = test::make_policy<Exec>();
  CHECK(each_factorized(exec, std::vector<svf::matrix<float>>()).first.empty());
  std::vector<svf::matrix<double>> weights;
  for (std::uint64_t k = 0; k < 3; ++k) {
    weights.push_back(test::normal_matrix<double>(6, 4, k));
  }
  weights[2](1, 3) = std::numeric_limits<double>::quiet_NaN();
  try {
    each_factorized(exec, weights);
    FAIL("a NaN was factored");
  } catch (svf::error const& problem) {
    CHECK(problem.kind() == svf::error_kind::numeric);
    CHECK(std::string(problem.what())
              .find("weight 2: factorize: expected finite weights, got nan "
                    "at (1,3)") == 0);
  }
}
