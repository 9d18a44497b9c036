// SPDX-License-Identifier: Apache-2.0
#pragma once

/// Bodies for every backend; the including unit names its policies in SVFMATH_TEST_POLICIES.
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <string>
#include <utility>

#include <doctest/doctest.h>
#include <svfmath/core/transfer.hpp>
#include <svfmath/factor/leading_factors.hpp>

#include <support/close.hpp>
#include <support/exactness.hpp>
#include <support/random.hpp>
#include <support/spectra.hpp>

namespace {

// σ_i = 0.8^i: decays by half in three steps.
inline double decaying(svf::index_t i) { return std::pow(0.8, double(i)); }

// √(Σ_{i >= k} σ_i²) / √(Σ σ_i²).
template <class Values>
double share_beyond(Values const& s, svf::index_t k) {
  double all = 0.0;
  double rest = 0.0;
  for (svf::index_t i = 0; i < svf::index_t(s.size()); ++i) {
    double const square = double(s[std::size_t(i)]) * double(s[std::size_t(i)]);
    all += square;
    rest += i >= k ? square : 0.0;
  }
  return std::sqrt(rest / all);
}

}  // namespace

TEST_CASE_TEMPLATE("leading_factors: the largest triplets of a decaying spectrum, and what is left",
                   Exec, SVFMATH_TEST_POLICIES) {
  auto exec = test::make_policy<Exec>();
  for (auto const& [m, n] : {std::pair<svf::index_t, svf::index_t>{120, 90}, {90, 120}, {64, 64}}) {
    auto const w = test::with_spectrum(m, n, 3, decaying);
    auto const expected = test::reference_singular_values(w);
    auto const there = svf::matrix_on(exec, w);
    for (svf::index_t const k : {1, 5, 20, 60}) {
      CAPTURE(m);
      CAPTURE(k);
      auto const f = svf::factorize_leading(exec, there, k);
      CHECK(f.rank() == k);
      CHECK(f.rows() == m);
      CHECK(f.cols() == n);
      CHECK(test::max_difference(svf::host_matrix(exec, f.base), w) == 0.0);
      auto const s = svf::host_vector(exec, f.triplets.s);
      for (svf::index_t i = 0; i < k; ++i) {
        // The error of the search falls with 0.8^8 to the power of 2q + 1 = 5.
        CHECK(std::abs(double(s[std::size_t(i)]) - expected[std::size_t(i)]) <= 3e-4);
        CHECK(std::abs(double(s[std::size_t(i)]) - expected[std::size_t(i)]) <=
              f.accuracy.triplets * expected[0] + 1e-6);
      }
      CHECK(f.accuracy.orthogonality <= 1e-6);
      double const least = share_beyond(expected, k);  // Eckart and Young
      CHECK(f.accuracy.left_to_base >= least * (1.0 - 1e-5) - 1e-6);
      CHECK(f.accuracy.left_to_base <= least * 1.01 + 1e-6);
      auto const here = svf::host_factors(exec, f.triplets);
      CHECK(test::close(f.accuracy.left_to_base, test::reconstruction<float>(here, w.view()),
                        1e-6));
    }
  }
}

TEST_CASE_TEMPLATE("leading_factors: a flat spectrum is reported as badly found, iterations help",
                   Exec, SVFMATH_TEST_POLICIES) {
  auto exec = test::make_policy<Exec>();
  auto const w = svf::matrix_on(exec, test::normal_matrix<float>(200, 150, 8));
  auto const quick = svf::factorize_leading(exec, w, 10, {.power_iterations = 0});
  auto const slow = svf::factorize_leading(exec, w, 10, {.power_iterations = 12});
  CHECK(quick.accuracy.triplets >= 0.1);
  CHECK(slow.accuracy.triplets <= 0.5 * quick.accuracy.triplets);
  CHECK(slow.accuracy.left_to_base < quick.accuracy.left_to_base);
  auto const other = svf::factorize_leading(exec, w, 10, {.power_iterations = 0, .seed = 1});
  CHECK(test::max_difference(svf::host_vector(exec, quick.triplets.s),
                             svf::host_vector(exec, other.triplets.s)) > 0.0);
  auto const same = svf::factorize_leading(exec, w, 10, {.power_iterations = 0});
  CHECK(test::max_difference(svf::host_matrix(exec, quick.triplets.u),
                             svf::host_matrix(exec, same.triplets.u)) == 0.0);
}

TEST_CASE_TEMPLATE("leading_factors: hard matrices and random shapes", Exec,
                   SVFMATH_TEST_POLICIES) {
  auto exec = test::make_policy<Exec>();
  for (auto const& each : test::hard_matrices(96, 64)) {
    CAPTURE(each.name);
    for (svf::index_t const k : {1, 7, 40, 64}) {
      CAPTURE(k);
      auto const f = svf::factorize_leading(exec, svf::matrix_on(exec, each.w), k);
      CHECK(f.accuracy.orthogonality <= 1e-6);
      if (k == 64) {
        CHECK(f.accuracy.left_to_base <= 1e-6);
        CHECK(f.accuracy.triplets <= 1e-6);
      }
    }
  }
  for (std::uint64_t seed = 0; seed < 30; ++seed) {
    CAPTURE(seed);
    svf::generator random(seed, 21);
    auto const m = svf::index_t(1 + random.below(60));
    auto const n = svf::index_t(1 + random.below(60));
    auto const k = svf::index_t(1 + random.below(std::uint64_t(std::min(m, n))));
    auto const w = svf::matrix_on(exec, test::normal_matrix<double>(m, n, seed));
    auto const f = svf::factorize_leading(exec, w, k, {.oversampling = svf::index_t(seed % 4)});
    CHECK(f.accuracy.orthogonality <= 1e-11);
    auto const s = svf::host_vector(exec, f.triplets.s);
    CHECK(std::is_sorted(s.data(), s.data() + s.size(), std::greater<>()));
  }
}

TEST_CASE_TEMPLATE("leading_factors: what does not fit or is not finite is refused", Exec,
                   SVFMATH_TEST_POLICIES) {
  auto exec = test::make_policy<Exec>();
  svf::matrix<float> host(4, 3);
  auto const w = svf::matrix_on(exec, host);
  CHECK_THROWS_WITH_AS(svf::factorize_leading(exec, w, 0),
                       "factorize_leading: expected 1 <= k <= 3, got 0", svf::error);
  CHECK_THROWS_AS(svf::factorize_leading(exec, w, 4), svf::error);
  CHECK_THROWS_AS(svf::factorize_leading(exec, w, 1, {.oversampling = -1}), svf::error);
  CHECK_THROWS_AS(svf::factorize_leading(exec, w, 1, {.power_iterations = -1}), svf::error);
  auto const zero = svf::factorize_leading(exec, w, 2);
  CHECK(zero.accuracy.left_to_base == 0.0);
  CHECK(zero.accuracy.triplets == 0.0);
  host(2, 1) = std::numeric_limits<float>::infinity();
  CHECK_THROWS_WITH_AS(svf::factorize_leading(exec, svf::matrix_on(exec, host), 2),
                       "factorize_leading: expected finite weights, got inf at (2,1)", svf::error);
}
