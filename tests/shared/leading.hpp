// SPDX-License-Identifier: Apache-2.0
#pragma once

/// Bodies for every backend; the including unit names its policies in SVFMATH_TEST_POLICIES.
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include <doctest/doctest.h>
#include <svfmath/apply/gradient.hpp>
#include <svfmath/apply/leading.hpp>
#include <svfmath/core/transfer.hpp>

#include <support/close.hpp>
#include <support/random.hpp>

namespace {

// W'(a,b) = W(a,b) + Σ_i u(a,i) σ_i (z_i − 1) vt(i,b) in double, from the factors as they are, and
// the largest sum of the terms' magnitudes.
template <class T, class Z>
svf::matrix<double> changed_weight(svf::matrix<T> const& w, svf::svd_factors<T> const& f,
                                   Z const& z, double& largest) {
  svf::matrix<double> result(w.rows(), w.cols());
  largest = 0.0;
  for (svf::index_t a = 0; a < w.rows(); ++a) {
    for (svf::index_t b = 0; b < w.cols(); ++b) {
      double sum = double(w(a, b));
      double size = std::abs(sum);
      for (svf::index_t i = 0; i < f.rank(); ++i) {
        double const term = double(f.u(a, i)) * double(f.s[i]) *
                            (double(z[std::size_t(i)]) - 1.0) * double(f.vt(i, b));
        sum += term;
        size += std::abs(term);
      }
      result(a, b) = sum;
      largest = std::max(largest, size);
    }
  }
  return result;
}

template <class T>
double worst_difference(svf::matrix<T> const& a, svf::matrix<double> const& b) {
  double worst = 0.0;
  for (svf::index_t i = 0; i < a.size(); ++i) {
    worst = std::max(worst, std::abs(double(a.data()[i]) - b.data()[i]));
  }
  return worst;
}

}  // namespace

TEST_CASE_TEMPLATE("leading: W' and y turn the leading triplets alone, z = 1 gives W exactly", Exec,
                   SVFMATH_TEST_POLICIES) {
  auto exec = test::make_policy<Exec>();
  constexpr double epsilon = double(std::numeric_limits<float>::epsilon());
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    CAPTURE(seed);
    svf::generator random(seed, 31);
    auto const m = svf::index_t(1 + random.below(70));
    auto const n = svf::index_t(1 + random.below(70));
    auto const k = svf::index_t(1 + random.below(std::uint64_t(std::min(m, n))));
    auto const rows = svf::index_t(random.below(9));
    auto const w = test::normal_matrix<float>(m, n, seed);
    auto const f = svf::factorize_leading(exec, svf::matrix_on(exec, w), k);
    auto const z = test::uniform_vector<float>(std::size_t(k), -1.0f, 2.0f, seed + 7);
    auto out = svf::make_matrix<float>(exec, m, n);

    svf::materialize(exec, f, svf::vector_on(exec, std::vector<float>(std::size_t(k), 1.0f)), out);
    CHECK(test::max_difference(svf::host_matrix(exec, out), w) == 0.0);

    auto const z_there = svf::vector_on(exec, z);
    svf::materialize(exec, f, z_there, out);
    auto const here = svf::host_factors(exec, f.triplets);
    double size = 0.0;
    auto const expected = changed_weight(w, here, z, size);
    // k + 1 roundings of the sum, 3 of each term.
    CHECK(worst_difference(svf::host_matrix(exec, out), expected) <=
          double(k + 4) * epsilon * size);

    auto const x = test::normal_matrix<float>(rows, n, seed + 9);
    auto y = svf::make_matrix<float>(exec, rows, m);
    svf::apply_factored(exec, f, z_there, svf::matrix_on(exec, x), y);
    svf::matrix<double> y_expected(rows, m);
    double y_size = 0.0;  // the largest Σ|W x| + Σ|u| |σ (z − 1)| Σ|vt x|
    for (svf::index_t t = 0; t < rows; ++t) {
      for (svf::index_t a = 0; a < m; ++a) {
        double terms = 0.0;
        for (svf::index_t b = 0; b < n; ++b) {
          y_expected(t, a) += expected(a, b) * double(x(t, b));
          terms += std::abs(double(w(a, b)) * double(x(t, b)));
          for (svf::index_t i = 0; i < k; ++i) {
            terms += std::abs(double(here.u(a, i)) * double(here.s[i]) *
                              (double(z[std::size_t(i)]) - 1.0) * double(here.vt(i, b)) *
                              double(x(t, b)));
          }
        }
        y_size = std::max(y_size, terms);
      }
    }
    CHECK(worst_difference(svf::host_matrix(exec, y), y_expected) <=
          double(k + n + 4) * epsilon * y_size);
  }
}

TEST_CASE_TEMPLATE("leading: the gradient of the triplets is that of W'", Exec,
                   SVFMATH_TEST_POLICIES) {
  auto exec = test::make_policy<Exec>();
  auto const w = test::normal_matrix<double>(14, 9, 2);
  auto const f = svf::factorize_leading(exec, svf::matrix_on(exec, w), 4);
  auto const g = test::normal_matrix<double>(14, 9, 3);  // L = Σ G ∘ W'
  auto const loss = [&](std::vector<double> const& z) {
    auto out = svf::make_matrix<double>(exec, 14, 9);
    svf::materialize(exec, f, svf::vector_on(exec, z), out);
    auto const here = svf::host_matrix(exec, out);
    double sum = 0.0;
    for (svf::index_t i = 0; i < here.size(); ++i) {
      sum += here.data()[i] * g.data()[i];
    }
    return sum;
  };
  std::vector<double> z{0.5, 1.5, -0.25, 1.0};
  auto dz = svf::make_vector<double>(exec, 4);
  svf::gradient_from_dense(exec, f.triplets, svf::vector_on(exec, z), svf::matrix_on(exec, g), dz);
  auto const gradient = svf::host_vector(exec, dz);
  for (std::size_t i = 0; i < z.size(); ++i) {
    auto up = z;
    auto down = z;
    up[i] += 0.5;  // L is linear in z
    down[i] -= 0.5;
    CHECK(test::close(gradient[svf::index_t(i)], loss(up) - loss(down), 1e-10));
  }
}

TEST_CASE_TEMPLATE("leading: what does not fit or is not finite is refused", Exec,
                   SVFMATH_TEST_POLICIES) {
  auto exec = test::make_policy<Exec>();
  auto const f =
      svf::factorize_leading(exec, svf::matrix_on(exec, test::normal_matrix<float>(5, 4, 1)), 2);
  auto out = svf::make_matrix<float>(exec, 5, 4);
  auto wrong = svf::make_matrix<float>(exec, 4, 5);
  auto const z = svf::vector_on(exec, std::vector<float>{1.0f, 2.0f});
  CHECK_THROWS_WITH_AS(svf::materialize(exec, f, z, wrong),
                       "materialize: expected out 5x4, got 4x5", svf::error);
  CHECK_THROWS_WITH_AS(svf::materialize(exec, f, svf::vector_on(exec, std::vector<float>(3)), out),
                       "leading: expected z of size 2, got 3", svf::error);
  float const nan = std::numeric_limits<float>::quiet_NaN();
  auto const bad = svf::vector_on(exec, std::vector<float>{1.0f, nan});
  CHECK_THROWS_WITH_AS(svf::materialize(exec, f, bad, out),
                       "leading: expected a finite sigma*(z - 1) at [1], where z = nan",
                       svf::error);
  auto const x = svf::matrix_on(exec, test::normal_matrix<float>(3, 4, 2));
  auto y = svf::make_matrix<float>(exec, 3, 5);
  CHECK_THROWS_AS(svf::apply_factored(exec, f, bad, x, y), svf::error);
  CHECK_THROWS_AS(svf::apply_factored(exec, f, z, x, wrong), svf::error);
}
