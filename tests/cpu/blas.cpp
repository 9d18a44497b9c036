// SPDX-License-Identifier: Apache-2.0
#include <svfmath/cpu/blas.hpp>

#include <cstdint>

#include <doctest/doctest.h>

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
