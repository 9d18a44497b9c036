// SPDX-License-Identifier: Apache-2.0
#pragma once

/// Bodies for every backend; the including unit names its policies in SVFMATH_TEST_POLICIES.
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <vector>

#include <doctest/doctest.h>
#include <svfmath/core/transfer.hpp>
#include <svfmath/factor/accuracy.hpp>

#include <support/close.hpp>
#include <support/factors.hpp>
#include <support/random.hpp>

namespace {

// 2×2 rotations and their exact product.
svf::svd_factors<float> exact_factors() {
  svf::svd_factors<float> f{svf::matrix<float>(2, 2), svf::vector<float>(2),
                            svf::matrix<float>(2, 2)};
  f.u(0, 1) = -1.0f;
  f.u(1, 0) = 1.0f;
  f.s[0] = 3.0f;
  f.s[1] = 2.0f;
  f.vt(0, 0) = 1.0f;
  f.vt(1, 1) = 1.0f;
  return f;
}

svf::matrix<float> exact_matrix() {
  svf::matrix<float> w(2, 2);
  w(0, 1) = -2.0f;
  w(1, 0) = 3.0f;
  return w;
}

// The accuracy of host factors of a host matrix, measured where the policy computes.
template <class Exec>
svf::factor_accuracy measured(Exec& exec, svf::matrix<float> const& w,
                              svf::svd_factors<float> const& f) {
  return svf::measure_accuracy(exec, svf::matrix_on(exec, w), svf::factors_on(exec, f));
}

}  // namespace

TEST_CASE_TEMPLATE("accuracy: exact factors have no error", Exec, SVFMATH_TEST_POLICIES) {
  auto exec = test::make_policy<Exec>();
  auto const accuracy = measured(exec, exact_matrix(), exact_factors());
  CHECK(accuracy.reconstruction == 0.0);
  CHECK(accuracy.orthogonality == 0.0);
}

TEST_CASE_TEMPLATE("accuracy: both errors are those of naive sums in double", Exec,
                   SVFMATH_TEST_POLICIES) {
  auto exec = test::make_policy<Exec>();
  for (std::uint64_t seed = 0; seed < 10; ++seed) {
    CAPTURE(seed);
    svf::random_stream const random(seed, 3);
    auto const m = svf::index_t(1 + random.below(0, 30));
    auto const n = svf::index_t(1 + random.below(1, 30));
    auto const f = test::arbitrary_factors<float>(m, n, seed);
    auto const w = test::normal_matrix<float>(m, n, seed + 50);
    std::vector<float> const sigma(f.s.begin(), f.s.end());
    auto const product = test::naive_product(f, sigma);
    double error = 0.0;
    double length = 0.0;
    for (svf::index_t i = 0; i < w.size(); ++i) {
      error += std::pow(product.data()[i] - double(w.data()[i]), 2);
      length += std::pow(double(w.data()[i]), 2);
    }
    double worst = 0.0;
    for (svf::index_t a = 0; a < f.rank(); ++a) {
      for (svf::index_t b = 0; b < f.rank(); ++b) {
        double u = a == b ? -1.0 : 0.0;
        double v = u;
        for (svf::index_t i = 0; i < m; ++i) {
          u += double(f.u(i, a)) * double(f.u(i, b));
        }
        for (svf::index_t i = 0; i < n; ++i) {
          v += double(f.vt(a, i)) * double(f.vt(b, i));
        }
        worst = std::max({worst, std::abs(u), std::abs(v)});
      }
    }
    auto const accuracy = measured(exec, w, f);
    CHECK(test::close_relative(accuracy.reconstruction, std::sqrt(error / length), 1e-12));
    CHECK(test::close_relative(accuracy.orthogonality, worst, 1e-12));
  }
}

TEST_CASE_TEMPLATE("accuracy: an error of known size is measured at any scale of the weights", Exec,
                   SVFMATH_TEST_POLICIES) {
  auto exec = test::make_policy<Exec>();
  for (float const scale : {1.0f, 0x1p120f, 0x1p-120f}) {
    auto f = exact_factors();
    auto w = exact_matrix();
    for (svf::index_t i = 0; i < 4; ++i) {
      w.data()[i] *= scale;
    }
    f.s[0] *= scale;
    f.s[1] *= scale * 1.5f;  // 2 became 3: the error is 1 of √13
    auto const accuracy = measured(exec, w, f);
    CHECK(test::close_relative(accuracy.reconstruction, 1.0 / std::sqrt(13.0), 1e-12));
  }
}

TEST_CASE_TEMPLATE("accuracy: the zero matrix and factors with NaN", Exec, SVFMATH_TEST_POLICIES) {
  auto exec = test::make_policy<Exec>();
  auto f = exact_factors();
  svf::matrix<float> const zero(2, 2);
  CHECK(std::isinf(measured(exec, zero, f).reconstruction));
  f.s[0] = f.s[1] = 0.0f;
  CHECK(measured(exec, zero, f).reconstruction == 0.0);
  f = exact_factors();
  f.u(1, 1) = std::nanf("");
  auto const accuracy = measured(exec, exact_matrix(), f);
  CHECK(std::isinf(accuracy.reconstruction));
  CHECK(std::isinf(accuracy.orthogonality));
}

TEST_CASE_TEMPLATE("accuracy: factors of another matrix and weights with NaN are refused", Exec,
                   SVFMATH_TEST_POLICIES) {
  auto exec = test::make_policy<Exec>();
  CHECK_THROWS_WITH_AS(measured(exec, svf::matrix<float>(3, 2), exact_factors()),
                       "measure_accuracy: expected factors of a 3x2 matrix, got those of 2x2",
                       svf::error);
  auto w = exact_matrix();
  w(1, 1) = std::numeric_limits<float>::infinity();
  CHECK_THROWS_AS(measured(exec, w, exact_factors()), svf::error);
}
