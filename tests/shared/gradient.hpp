// SPDX-License-Identifier: Apache-2.0
#pragma once

/// Bodies for every backend; the including unit names its policies in SVFMATH_TEST_POLICIES.
#include <cmath>
#include <cstdint>
#include <limits>
#include <vector>

#include <doctest/doctest.h>
#include <svfmath/apply/gradient.hpp>
#include <svfmath/core/transfer.hpp>

#include <support/close.hpp>
#include <support/factors.hpp>

namespace {

// L(z) = Σ_t δ_t·(W'(z) x_t), linear in W', in double by loops.
double loss(svf::svd_factors<double> const& factors, std::vector<double> const& z, bool nuclear,
            svf::matrix<double> const& x, svf::matrix<double> const& delta) {
  auto const w = test::naive_product(factors, test::naive_spectrum(factors, z, nuclear));
  double total = 0.0;
  for (svf::index_t t = 0; t < x.rows(); ++t) {
    for (svf::index_t a = 0; a < w.rows(); ++a) {
      for (svf::index_t b = 0; b < w.cols(); ++b) {
        total += delta(t, a) * w(a, b) * x(t, b);
      }
    }
  }
  return total;
}

svf::matrix<double> dense_gradient(svf::matrix<double> const& x, svf::matrix<double> const& delta) {
  svf::matrix<double> dw(delta.cols(), x.cols());
  for (svf::index_t t = 0; t < x.rows(); ++t) {
    for (svf::index_t a = 0; a < dw.rows(); ++a) {
      for (svf::index_t b = 0; b < dw.cols(); ++b) {
        dw(a, b) += delta(t, a) * x(t, b);
      }
    }
  }
  return dw;
}

// dL/dz of host data, on the host, by every way that the policy knows.
struct gradients {
  svf::vector<double> by_factors;
  svf::vector<double> by_dense;
  svf::vector<double> chosen;
};

template <class Exec>
gradients gradients_of(Exec& exec, svf::svd_factors<double> const& factors,
                       std::vector<double> const& z, svf::matrix<double> const& x,
                       svf::matrix<double> const& delta, svf::normalisation kind) {
  auto const factors_there = svf::factors_on(exec, factors);
  auto const z_there = svf::vector_on(exec, z);
  auto const x_there = svf::matrix_on(exec, x);
  auto const delta_there = svf::matrix_on(exec, delta);
  auto const dw_there = svf::matrix_on(exec, dense_gradient(x, delta));
  auto dz = svf::make_vector<double>(exec, factors.rank());
  gradients result;
  svf::gradient_from_factors(exec, factors_there, z_there, x_there, delta_there, dz, kind);
  result.by_factors = svf::host_vector(exec, dz);
  svf::gradient_from_dense(exec, factors_there, z_there, dw_there, dz, kind);
  result.by_dense = svf::host_vector(exec, dz);
  svf::gradient(exec, factors_there, z_there, x_there, delta_there, dz, kind);
  result.chosen = svf::host_vector(exec, dz);
  return result;
}

}  // namespace

TEST_CASE_TEMPLATE("gradient: both paths equal central differences, plain and nuclear", Exec,
                   SVFMATH_TEST_POLICIES) {
  auto exec = test::make_policy<Exec>();
  for (std::uint64_t seed = 1; seed <= 6; ++seed) {
    svf::random_stream const random(seed);
    auto const m = svf::index_t(1 + random.below(0, 9));
    auto const n = svf::index_t(1 + random.below(1, 9));
    CAPTURE(seed);
    auto const factors = test::arbitrary_factors<double>(m, n, seed * 10);
    auto const r = std::size_t(factors.rank());
    auto z = test::uniform_vector<double>(r, 0.5, 1.5, seed);
    auto const x = test::normal_matrix<double>(4, n, seed + 20);
    auto const delta = test::normal_matrix<double>(4, m, seed + 30);
    for (bool nuclear : {false, true}) {
      auto const kind = nuclear ? svf::normalisation::nuclear : svf::normalisation::none;
      auto const dz = gradients_of(exec, factors, z, x, delta, kind);
      for (std::size_t i = 0; i < r; ++i) {
        double const h = 1e-5;  // truncation ~h², rounding ~eps·|L|/h: both below 1e-8
        double const kept = z[i];
        z[i] = kept + h;
        double const above = loss(factors, z, nuclear, x, delta);
        z[i] = kept - h;
        double const below = loss(factors, z, nuclear, x, delta);
        z[i] = kept;
        double const expected = (above - below) / (2.0 * h);
        double const bound = 1e-7 * (1.0 + std::abs(loss(factors, z, nuclear, x, delta)));
        CHECK(test::close(dz.by_factors[svf::index_t(i)], expected, bound));
        CHECK(test::close(dz.by_dense[svf::index_t(i)], expected, bound));
        CHECK(test::close(dz.chosen[svf::index_t(i)], expected, bound));
      }
    }
  }
}

TEST_CASE_TEMPLATE("gradient: under the nuclear normaliser z and c·z are the same expert, so "
                   "z·dz = 0",
                   Exec, SVFMATH_TEST_POLICIES) {
  auto exec = test::make_policy<Exec>();
  auto const factors = test::arbitrary_factors<double>(12, 7, 4);
  auto const z = test::uniform_vector<double>(7, 0.5, 1.5, 5);
  auto const dz = gradients_of(exec, factors, z, test::normal_matrix<double>(3, 7, 6),
                               test::normal_matrix<double>(3, 12, 7), svf::normalisation::nuclear)
                      .by_factors;
  double inner = 0.0;
  double scale = 0.0;
  for (svf::index_t i = 0; i < 7; ++i) {
    inner += z[std::size_t(i)] * dz[i];
    scale += std::abs(z[std::size_t(i)] * dz[i]);
  }
  CHECK(std::abs(inner) <= 1e-14 * scale * 7.0);
}

TEST_CASE_TEMPLATE("gradient: many rows take the dense path and agree with the factored one", Exec,
                   SVFMATH_TEST_POLICIES) {
  auto exec = test::make_policy<Exec>();
  auto const factors = test::arbitrary_factors<double>(6, 9, 14);
  auto const z = test::uniform_vector<double>(6, 0.5, 1.5, 15);
  auto const x = test::normal_matrix<double>(50, 9, 16);
  auto const delta = test::normal_matrix<double>(50, 6, 17);
  REQUIRE(svf::cheaper_gradient_path(6, 9, 50) == svf::gradient_path::dense);
  auto const dz = gradients_of(exec, factors, z, x, delta, svf::normalisation::none);
  for (svf::index_t i = 0; i < 6; ++i) {
    CHECK(test::close_relative(dz.chosen[i], dz.by_factors[i], 1e-11));
  }
}

TEST_CASE_TEMPLATE("gradient: in float, within float's rounding of the sums in double", Exec,
                   SVFMATH_TEST_POLICIES) {
  auto exec = test::make_policy<Exec>();
  constexpr svf::index_t m = 70;
  constexpr svf::index_t n = 45;
  auto const factors = test::arbitrary_factors<float>(m, n, 21);
  auto const x = test::normal_matrix<float>(33, n, 22);
  auto const delta = test::normal_matrix<float>(33, m, 23);
  auto dz_there = svf::make_vector<float>(exec, n);
  svf::gradient(exec, svf::factors_on(exec, factors),
                svf::vector_on(exec, std::vector<float>(std::size_t(n), 1.0f)),
                svf::matrix_on(exec, x), svf::matrix_on(exec, delta), dz_there);
  auto const dz = svf::host_vector(exec, dz_there);
  for (svf::index_t i = 0; i < n; ++i) {
    double expected = 0.0;
    double magnitude = 0.0;
    for (svf::index_t t = 0; t < x.rows(); ++t) {
      double left = 0.0;
      double left_size = 0.0;
      double right = 0.0;
      double right_size = 0.0;
      for (svf::index_t a = 0; a < m; ++a) {
        left += double(factors.u(a, i)) * double(delta(t, a));
        left_size += std::abs(double(factors.u(a, i)) * double(delta(t, a)));
      }
      for (svf::index_t b = 0; b < n; ++b) {
        right += double(factors.vt(i, b)) * double(x(t, b));
        right_size += std::abs(double(factors.vt(i, b)) * double(x(t, b)));
      }
      expected += double(factors.s[i]) * left * right;
      magnitude += double(factors.s[i]) * left_size * right_size;
    }
    // m + n + 2 roundings in each product of the two sums.
    double const bound =
        double(m + n + 2) * magnitude * double(std::numeric_limits<float>::epsilon());
    CHECK(test::close(double(dz[i]), expected, bound));
  }
}

TEST_CASE_TEMPLATE("gradient: sizes that do not fit are refused", Exec, SVFMATH_TEST_POLICIES) {
  auto exec = test::make_policy<Exec>();
  auto const factors = svf::factors_on(exec, test::arbitrary_factors<double>(6, 9, 14));
  auto const z = svf::vector_on(exec, std::vector<double>(6, 1.0));
  auto dz = svf::make_vector<double>(exec, 6);
  auto short_dz = svf::make_vector<double>(exec, 5);
  auto const x = svf::matrix_on(exec, test::normal_matrix<double>(3, 9, 1));
  auto const delta = svf::matrix_on(exec, test::normal_matrix<double>(3, 6, 2));
  auto const long_delta = svf::matrix_on(exec, test::normal_matrix<double>(4, 6, 3));
  CHECK_THROWS_AS(svf::gradient(exec, factors, z, x, long_delta, dz), svf::error);
  CHECK_THROWS_AS(svf::gradient(exec, factors, z, delta, x, dz), svf::error);
  CHECK_THROWS_AS(svf::gradient(exec, factors, z, x, delta, short_dz), svf::error);
  CHECK_THROWS_AS(svf::gradient_from_dense(exec, factors, z, x, dz), svf::error);
}
