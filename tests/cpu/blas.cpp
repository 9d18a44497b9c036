// SPDX-License-Identifier: Apache-2.0
#include <svfmath/cpu/blas.hpp>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <vector>

#include <doctest/doctest.h>

#include "support/close.hpp"
#include "support/instantiations.hpp"
#include "support/random.hpp"

using svf::index_t;

namespace {

// A view of random numbers with a random order and a leading dimension larger than it must be.
template <class T>
struct padded {
  std::vector<T> values;
  svf::matrix_view<T> view;

  padded(index_t rows, index_t cols, svf::generator& random) {
    bool const by_rows = random.below(2) == 0;
    index_t const ld = (by_rows ? cols : rows) + index_t(random.below(9));
    values.resize(std::size_t(std::max<index_t>(1, ld * (by_rows ? rows : cols))));
    for (T& x : values) {
      x = T(random.normal());
    }
    view = {values.data(), rows, cols, ld, by_rows ? svf::order::row_major : svf::order::col_major};
  }
  padded(padded const&) = delete;
  padded& operator=(padded const&) = delete;
};

index_t extent(svf::generator& random) {
  constexpr index_t extents[] = {1, 2, 3, 7, 8, 9, 16, 33, 64, 97, 130, 257};
  return extents[random.below(std::size(extents))];
}

// The product in double, with the sum of magnitudes that bounds the rounding of each element.
template <class T>
double worst_in_epsilons(double alpha, svf::matrix_view<T const> a, svf::matrix_view<T const> b,
                         double beta, svf::matrix_view<T const> c0, svf::matrix_view<T const> c) {
  double worst = 0.0;
  for (index_t i = 0; i < c.rows; ++i) {
    for (index_t j = 0; j < c.cols; ++j) {
      double sum = beta == 0.0 ? 0.0 : beta * double(c0(i, j));
      double magnitude = std::abs(sum);
      for (index_t k = 0; k < a.cols; ++k) {
        double const term = alpha * double(a(i, k)) * double(b(k, j));
        sum += term;
        magnitude += std::abs(term);
      }
      double const allowed = magnitude * double(std::numeric_limits<T>::epsilon());
      double const difference = std::abs(double(c(i, j)) - sum);
      worst = std::max(worst, difference == 0.0 ? 0.0 : difference / allowed);
      if (std::isnan(difference)) {
        return HUGE_VAL;
      }
    }
  }
  return worst;
}

}  // namespace

TEST_CASE_TEMPLATE("blas: gemm agrees with double sums over random shapes and orders", T, float,
                   double) {
  svf::cpu::seq seq;
  svf::cpu::par par(3);
  for (std::uint64_t seed = 0; seed < 60; ++seed) {
    CAPTURE(seed);
    svf::generator random(seed, 17);
    index_t const m = extent(random);
    index_t const n = extent(random);
    index_t const k = extent(random);
    padded<T> const a(m, k, random);
    padded<T> const b(k, n, random);
    padded<T> c(m, n, random);
    T const alpha = seed % 3 == 0 ? T(1) : T(random.normal());
    T const beta = seed % 3 == 1 ? T(0) : seed % 3 == 2 ? T(1) : T(random.normal());
    auto const before = c.values;
    auto by_par = c.values;
    svf::matrix_view<T const> const c0(before.data(), m, n, c.view.ld, c.view.layout);
    svf::cpu::gemm(seq, alpha, a.view, b.view, beta, c.view);
    svf::cpu::gemm(par, alpha, a.view, b.view, beta,
                   svf::matrix_view<T>(by_par.data(), m, n, c.view.ld, c.view.layout));
    // k + 2 roundings in each element.
    CHECK(worst_in_epsilons<T>(double(alpha), a.view, b.view, double(beta), c0, c.view) <=
          double(k) + 2.0);
    // Same bits on any number of threads, and nothing outside of the view is touched.
    CHECK(by_par == c.values);
    for (std::size_t i = 0; i < before.size(); ++i) {
      index_t const along = index_t(i) % c.view.ld;
      if (along >= (c.view.layout == svf::order::row_major ? n : m)) {
        CHECK(c.values[i] == before[i]);
      }
    }
  }
}

TEST_CASE("blas: gemm with beta = 0 overwrites NaN, with k = 0 scales, and refuses what does not fit") {
  svf::cpu::seq seq;
  auto const a = test::normal_matrix<double>(3, 2, 1);
  auto const b = test::normal_matrix<double>(2, 4, 2);
  svf::matrix<double> c(3, 4);
  std::fill_n(c.data(), c.size(), std::nan(""));
  svf::cpu::gemm(seq, 1.0, a.view(), b.view(), 0.0, c.view());
  for (index_t i = 0; i < c.size(); ++i) {
    CHECK(std::isfinite(c.data()[i]));
  }

  svf::matrix<double> const no_columns(3, 0);
  svf::matrix<double> const no_rows(0, 4);
  std::fill_n(c.data(), c.size(), 2.0);
  svf::cpu::gemm(seq, 1.0, no_columns.view(), no_rows.view(), 0.5, c.view());
  CHECK(std::all_of(c.data(), c.data() + c.size(), [](double x) { return x == 1.0; }));

  CHECK_THROWS_AS(svf::cpu::gemm(seq, 1.0, b.view(), a.view(), 0.0, c.view()), svf::error);
  auto const part = c.view().block(0, 0, 2, 4);
  CHECK_THROWS_AS(svf::cpu::gemm(seq, 1.0, a.view(), b.view(), 0.0, part), svf::error);
}

TEST_CASE_TEMPLATE("blas: gram is AtA, exactly symmetric, with the same bits on any threads", T,
                   float, double) {
  svf::cpu::seq seq;
  svf::cpu::par par(2);
  for (std::uint64_t seed = 0; seed < 24; ++seed) {
    CAPTURE(seed);
    svf::generator random(seed, 18);
    padded<T> const a(extent(random), extent(random), random);
    index_t const n = a.view.cols;
    padded<T> g(n, n, random);
    auto by_par = g.values;
    svf::cpu::gram(seq, a.view, g.view);
    svf::cpu::gram(par, a.view,
                   svf::matrix_view<T>(by_par.data(), n, n, g.view.ld, g.view.layout));
    CHECK(by_par == g.values);
    svf::matrix_view<T const> const at = svf::transposed(svf::as_const(a.view));
    CHECK(worst_in_epsilons<T>(1.0, at, a.view, 0.0, g.view, g.view) <= double(a.view.rows) + 2.0);
    for (index_t i = 0; i < n; ++i) {
      for (index_t j = 0; j < i; ++j) {
        CHECK(g.view(i, j) == g.view(j, i));
      }
    }
  }
  svf::matrix<T> a(3, 2);
  svf::matrix<T> g(3, 3);
  CHECK_THROWS_AS(svf::cpu::gram(seq, a.view(), g.view()), svf::error);
}

TEST_CASE_TEMPLATE("blas: one long row gives the same bits on both policies for any alpha and beta",
                   T, float, double) {
  svf::cpu::seq seq;
  svf::cpu::par par(2);
  auto const x = test::normal_matrix<T>(1, 1025, 71);
  auto const b = test::normal_matrix<T>(1025, 4099, 72);
  for (auto const& [alpha, beta] : {std::pair<T, T>{T(0.7), T(1)}, {T(1), T(0.3)}, {T(0.7), T(0.3)}}) {
    auto first = test::normal_matrix<T>(1, 4099, 73);
    auto second = first;
    svf::cpu::gemm(seq, alpha, x.view(), b.view(), beta, first.view());
    svf::cpu::gemm(par, alpha, x.view(), b.view(), beta, second.view());
    CHECK(test::max_difference(first, second) == 0.0);
  }
}

TEST_CASE("blas: negative extents are refused") {
  svf::cpu::seq seq;
  double element = 0.0;
  svf::matrix_view<double> const negative(&element, -2, -2);
  CHECK_THROWS_AS(svf::cpu::gemm(seq, 1.0, negative, negative, 0.0, negative), svf::error);
  CHECK_THROWS_AS(svf::cpu::gram(seq, negative, negative), svf::error);
}
