// SPDX-License-Identifier: Apache-2.0
#include <cmath>
#include <vector>

#include <doctest/doctest.h>
#include <svfmath/apply/gradient.hpp>
#include <svfmath/cpu.hpp>

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

}  // namespace

TEST_CASE("gradient: both paths equal central differences, plain and nuclear") {
  svf::cpu::par exec(2);
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
      std::vector<double> by_factors(r);
      std::vector<double> by_dense(r);
      std::vector<double> chosen(r);
      svf::gradient_from_factors(exec, factors, z, x, delta, by_factors, kind);
      svf::gradient_from_dense(exec, factors, z, dense_gradient(x, delta), by_dense, kind);
      svf::gradient(exec, factors, z, x, delta, chosen, kind);
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
        CHECK(test::close(by_factors[i], expected, bound));
        CHECK(test::close(by_dense[i], expected, bound));
        CHECK(test::close(chosen[i], expected, bound));
      }
    }
  }
}

TEST_CASE("gradient: under the nuclear normaliser z and c·z are the same expert, so z·dz = 0") {
  svf::cpu::seq exec;
  auto const factors = test::arbitrary_factors<double>(12, 7, 4);
  auto const z = test::uniform_vector<double>(7, 0.5, 1.5, 5);
  std::vector<double> dz(7);
  svf::gradient_from_factors(exec, factors, z, test::normal_matrix<double>(3, 7, 6),
                             test::normal_matrix<double>(3, 12, 7), dz,
                             svf::normalisation::nuclear);
  double inner = 0.0;
  double scale = 0.0;
  for (std::size_t i = 0; i < 7; ++i) {
    inner += z[i] * dz[i];
    scale += std::abs(z[i] * dz[i]);
  }
  CHECK(std::abs(inner) <= 1e-14 * scale * 7.0);
}

TEST_CASE("gradient: the cost model takes the path with fewer flops") {
  auto const flops_factored = [](double m, double n, double t) {
    return 2.0 * t * std::min(m, n) * (m + n);
  };
  auto const flops_dense = [](double m, double n, double t) {
    return 2.0 * m * n * (t + std::min(m, n));
  };
  for (double m : {1.0, 8.0, 64.0, 576.0, 1536.0}) {
    for (double n : {1.0, 8.0, 192.0, 576.0, 1536.0}) {
      for (double t : {1.0, 7.0, 64.0, 575.0, 577.0, 1535.0, 1537.0, 8192.0}) {
        auto const path =
            svf::cheaper_gradient_path(svf::index_t(m), svf::index_t(n), svf::index_t(t));
        double const chosen = path == svf::gradient_path::factored ? flops_factored(m, n, t)
                                                                   : flops_dense(m, n, t);
        CHECK(chosen <= std::min(flops_factored(m, n, t), flops_dense(m, n, t)));
      }
    }
  }
}

TEST_CASE("gradient: many rows take the dense path and agree with the factored one") {
  svf::cpu::par exec(2);
  auto const factors = test::arbitrary_factors<double>(6, 9, 14);
  auto const z = test::uniform_vector<double>(6, 0.5, 1.5, 15);
  auto const x = test::normal_matrix<double>(50, 9, 16);
  auto const delta = test::normal_matrix<double>(50, 6, 17);
  REQUIRE(svf::cheaper_gradient_path(6, 9, 50) == svf::gradient_path::dense);
  std::vector<double> chosen(6);
  std::vector<double> other(6);
  svf::gradient(exec, factors, z, x, delta, chosen);
  svf::gradient_from_factors(exec, factors, z, x, delta, other);
  for (std::size_t i = 0; i < 6; ++i) {
    CHECK(test::close_relative(chosen[i], other[i], 1e-11));
  }
}

TEST_CASE("gradient: sizes that do not fit are refused") {
  svf::cpu::seq exec;
  auto const factors = test::arbitrary_factors<double>(6, 9, 14);
  std::vector<double> const z(6, 1.0);
  std::vector<double> dz(6);
  std::vector<double> short_dz(5);
  auto const x = test::normal_matrix<double>(3, 9, 1);
  auto const delta = test::normal_matrix<double>(3, 6, 2);
  auto const long_delta = test::normal_matrix<double>(4, 6, 3);
  CHECK_THROWS_AS(svf::gradient(exec, factors, z, x, long_delta, dz), svf::error);
  CHECK_THROWS_AS(svf::gradient(exec, factors, z, delta, x, dz), svf::error);
  CHECK_THROWS_AS(svf::gradient(exec, factors, z, x, delta, short_dz), svf::error);
  CHECK_THROWS_AS(svf::gradient_from_dense(exec, factors, z, x, dz), svf::error);
}
