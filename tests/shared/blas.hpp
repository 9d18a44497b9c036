// SPDX-License-Identifier: Apache-2.0
#pragma once

/// Bodies for every backend; the including unit names its policies in SVFMATH_TEST_POLICIES.
#include <cmath>
#include <cstdint>
#include <vector>

#include <doctest/doctest.h>
#include <svfmath/core/transfer.hpp>

#include <support/close.hpp>
#include <support/exactness.hpp>
#include <support/padded.hpp>
#include <support/random.hpp>

namespace {

using svf::index_t;

template <class T, class Exec>
void check_gemm(Exec& exec, std::uint64_t seed) {
  svf::generator random(seed, 17);
  index_t const m = test::extent(random);
  index_t const n = test::extent(random);
  index_t const k = test::extent(random);
  test::padded<T> const a(m, k, random);
  test::padded<T> const b(k, n, random);
  test::padded<T> c(m, n, random);
  T const alpha = seed % 3 == 0 ? T(1) : T(random.normal());
  T const beta = seed % 3 == 1 ? T(0) : seed % 3 == 2 ? T(1) : T(random.normal());
  auto const before = c.values;
  svf::matrix_view<T const> const c0(before.data(), m, n, c.view.ld, c.view.layout);
  test::placed<Exec, T> const a_there(exec, a);
  test::placed<Exec, T> const b_there(exec, b);
  test::placed<Exec, T> const c_there(exec, c);
  gemm(exec, alpha, a_there.view, b_there.view, beta, c_there.view);
  c_there.fetch(exec, c);
  // k + 2 roundings in each element, and nothing outside of the view is touched.
  CHECK(test::worst_in_epsilons<T>(double(alpha), a.view, b.view, double(beta), c0, c.view) <=
        double(k) + 2.0);
  for (std::size_t i = 0; i < before.size(); ++i) {
    CHECK((c.holds(i) || c.values[i] == before[i]));
  }
}

template <class T, class Exec>
void check_gram(Exec& exec, std::uint64_t seed) {
  svf::generator random(seed, 18);
  test::padded<T> const a(test::extent(random), test::extent(random), random);
  index_t const n = a.view.cols;
  test::padded<T> g(n, n, random);
  test::placed<Exec, T> const a_there(exec, a);
  test::placed<Exec, T> const g_there(exec, g);
  gram(exec, a_there.view, g_there.view);
  g_there.fetch(exec, g);
  svf::matrix_view<T const> const at = svf::transposed(svf::as_const(a.view));
  CHECK(test::worst_in_epsilons<T>(1.0, at, a.view, 0.0, g.view, g.view) <=
        double(a.view.rows) + 2.0);
  for (index_t i = 0; i < n; ++i) {
    for (index_t j = 0; j < i; ++j) {
      CHECK(g.view(i, j) == g.view(j, i));
    }
  }
}

}  // namespace

TEST_CASE_TEMPLATE("blas: gemm agrees with double sums over random shapes and orders", Exec,
                   SVFMATH_TEST_POLICIES) {
  auto exec = test::make_policy<Exec>();
  for (std::uint64_t seed = 0; seed < 60; ++seed) {
    CAPTURE(seed);
    check_gemm<float>(exec, seed);
    check_gemm<double>(exec, seed);
  }
}

TEST_CASE_TEMPLATE("blas: gemm with beta = 0 overwrites NaN, with k = 0 scales, and refuses what "
                   "does not fit",
                   Exec, SVFMATH_TEST_POLICIES) {
  auto exec = test::make_policy<Exec>();
  auto const a = svf::matrix_on(exec, test::normal_matrix<double>(3, 2, 1));
  auto const b = svf::matrix_on(exec, test::normal_matrix<double>(2, 4, 2));
  svf::matrix<double> host(3, 4);
  std::fill_n(host.data(), host.size(), std::nan(""));
  auto c = svf::matrix_on(exec, host);
  gemm(exec, 1.0, a.view(), b.view(), 0.0, c.view());
  auto const product = svf::host_matrix(exec, c);
  CHECK(std::all_of(product.data(), product.data() + 12,
                    [](double x) { return std::isfinite(x); }));

  auto const no_columns = svf::make_matrix<double>(exec, 3, 0);
  auto const no_rows = svf::make_matrix<double>(exec, 0, 4);
  for (double const beta : {0.5, 0.0}) {
    std::fill_n(host.data(), host.size(), beta == 0.0 ? std::nan("") : 2.0);
    c = svf::matrix_on(exec, host);
    gemm(exec, 1.0, no_columns.view(), no_rows.view(), beta, c.view());
    auto const scaled = svf::host_matrix(exec, c);
    CHECK(std::all_of(scaled.data(), scaled.data() + 12,
                      [=](double x) { return x == 2.0 * beta; }));
  }
  auto g = svf::make_matrix<double>(exec, 4, 4);
  gram(exec, no_rows.view(), g.view());
  CHECK(test::max_difference(svf::host_matrix(exec, g), svf::matrix<double>(4, 4)) == 0.0);

  CHECK_THROWS_AS(gemm(exec, 1.0, b.view(), a.view(), 0.0, c.view()), svf::error);
  CHECK_THROWS_AS(gemm(exec, 1.0, a.view(), b.view(), 0.0, c.view().block(0, 0, 2, 4)),
                  svf::error);
  CHECK_THROWS_AS(gram(exec, a.view(), g.view()), svf::error);
}

TEST_CASE_TEMPLATE("blas: gram is AtA and exactly symmetric", Exec, SVFMATH_TEST_POLICIES) {
  auto exec = test::make_policy<Exec>();
  for (std::uint64_t seed = 0; seed < 24; ++seed) {
    CAPTURE(seed);
    check_gram<float>(exec, seed);
    check_gram<double>(exec, seed);
  }
}
