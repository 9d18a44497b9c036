// SPDX-License-Identifier: Apache-2.0
#include <svfmath/cpu/blas.hpp>

#include <cstdint>

#include <doctest/doctest.h>

#include "support/close.hpp"
#include "support/cpu_policies.hpp"
#include "support/instantiations.hpp"
#include "support/padded.hpp"

#include "shared/blas.hpp"

TEST_CASE_TEMPLATE("blas: gemm and gram have the same bits on any number of threads", T, float,
                   double) {
  svf::cpu::seq seq;
  svf::cpu::par par(3);
  for (std::uint64_t seed = 0; seed < 40; ++seed) {
    CAPTURE(seed);
    svf::generator random(seed, 17);
    index_t const m = test::extent(random);
    index_t const n = test::extent(random);
    index_t const k = test::extent(random);
    test::padded<T> const a(m, k, random);
    test::padded<T> const b(k, n, random);
    test::padded<T> c(m, n, random);
    auto by_par = c.values;
    T const alpha = T(random.normal());
    T const beta = seed % 3 == 1 ? T(0) : seed % 3 == 2 ? T(1) : T(random.normal());
    svf::cpu::gemm(seq, alpha, a.view, b.view, beta, c.view);
    svf::cpu::gemm(par, alpha, a.view, b.view, beta,
                   svf::matrix_view<T>(by_par.data(), m, n, c.view.ld, c.view.layout));
    CHECK(by_par == c.values);

    test::padded<T> g(k, k, random);
    by_par = g.values;
    svf::cpu::gram(seq, a.view, g.view);
    svf::cpu::gram(par, a.view,
                   svf::matrix_view<T>(by_par.data(), k, k, g.view.ld, g.view.layout));
    CHECK(by_par == g.values);
  }
}

TEST_CASE_TEMPLATE("blas: one long row gives the same bits on both policies for any alpha and beta",
                   T, float, double) {
  svf::cpu::seq seq;
  svf::cpu::par par(2);
  auto const x = test::normal_matrix<T>(1, 1025, 71);
  auto const b = test::normal_matrix<T>(1025, 4099, 72);
  for (auto const& [alpha, beta] :
       {std::pair<T, T>{T(0.7), T(1)}, {T(1), T(0.3)}, {T(0.7), T(0.3)}}) {
    auto first = test::normal_matrix<T>(1, 4099, 73);
    auto second = first;
    svf::cpu::gemm(seq, alpha, x.view(), b.view(), beta, first.view());
    svf::cpu::gemm(par, alpha, x.view(), b.view(), beta, second.view());
    CHECK(test::max_difference(first, second) == 0.0);
  }
}

TEST_CASE("blas: products of floats in double have the bits of products of copies in double") {
  svf::cpu::par exec(2);
  for (std::uint64_t seed = 0; seed < 30; ++seed) {
    CAPTURE(seed);
    svf::generator random(seed, 19);
    index_t const m = test::extent(random);
    index_t const n = test::extent(random);
    index_t const k = test::extent(random);
    test::padded<double> const a(m, k, random);
    test::padded<float> const b(k, n, random);
    svf::matrix<double> wide(k, n);
    svf::cpu::copy(exec, b.view, wide.view());
    test::padded<double> c(m, n, random);
    auto expected = c.values;
    double const beta = seed % 2 == 0 ? 0.0 : random.normal();
    gemm(exec, 0.5, svf::as_const(a.view), svf::as_const(b.view), beta, c.view);
    svf::cpu::detail::gemm_packed<svf::cpu::par, double>(
        exec, 0.5, a.view, wide.view(), beta,
        svf::matrix_view<double>(expected.data(), m, n, c.view.ld, c.view.layout),
        svf::cpu::detail::region::whole);
    CHECK(c.values == expected);

    svf::matrix<double> g(n, n);
    svf::matrix<double> same(n, n);
    gram(exec, svf::as_const(b.view), g.view());
    gram(exec, wide.view(), same.view());
    CHECK(test::max_difference(g, same) == 0.0);
  }
  svf::matrix<double> const a(2, 3);
  svf::matrix<float> const b(4, 5);
  svf::matrix<double> c(2, 5);
  CHECK_THROWS_AS(gemm(exec, 1.0, a.view(), b.view(), 0.0, c.view()), svf::error);
  c(1, 4) = 3.0;
  gemm(exec, 1.0, a.view().cols_range(0, 0), b.view().rows_range(0, 0), 2.0, c.view());
  CHECK(c(1, 4) == 6.0);
}

TEST_CASE("blas: negative extents are refused") {
  svf::cpu::seq seq;
  double element = 0.0;
  svf::matrix_view<double> const negative(&element, -2, -2);
  CHECK_THROWS_AS(svf::cpu::gemm(seq, 1.0, negative, negative, 0.0, negative), svf::error);
  CHECK_THROWS_AS(svf::cpu::gram(seq, negative, negative), svf::error);
}
