// SPDX-License-Identifier: Apache-2.0
#include <svfmath/cpu/solver.hpp>

#include <algorithm>
#include <utility>

#include <doctest/doctest.h>

#include "support/close.hpp"
#include "support/cpu_policies.hpp"
#include "support/instantiations.hpp"
#include "support/random.hpp"

#include "shared/solver.hpp"

TEST_CASE_TEMPLATE("solver: the same bits on any number of threads", T, float, double) {
  svf::cpu::seq seq;
  svf::cpu::par par(2);
  for (index_t const n : {1, 2, 13, 60}) {
    auto const a = symmetric_matrix<T>(n);
    svf::vector<T> values(n);
    svf::vector<T> par_values(n);
    svf::matrix<T> q(n, n);
    svf::matrix<T> par_q(n, n);
    svf::cpu::eigh(seq, a.view(), values.view(), q.view());
    svf::cpu::eigh(par, a.view(), par_values.view(), par_q.view());
    CHECK(test::max_difference(values, par_values) == 0.0);
    CHECK(test::max_difference(q, par_q) == 0.0);
  }
  for (auto const method : {svf::direct_svd::divide_and_conquer, svf::direct_svd::jacobi}) {
    for (auto const& [m, n] : {std::pair<index_t, index_t>{1, 6}, {40, 25}, {25, 40}}) {
      index_t const r = std::min(m, n);
      auto const a = test::normal_matrix<T>(m, n, 41);
      svf::matrix<T> u(m, r);
      svf::matrix<T> vt(r, n);
      svf::vector<T> s(r);
      svf::matrix<T> par_u(m, r);
      svf::matrix<T> par_vt(r, n);
      svf::vector<T> par_s(r);
      svf::cpu::svd(seq, method, a.view(), u.view(), s.view(), vt.view());
      svf::cpu::svd(par, method, a.view(), par_u.view(), par_s.view(), par_vt.view());
      CHECK(test::max_difference(u, par_u) == 0.0);
      CHECK(test::max_difference(s, par_s) == 0.0);
      CHECK(test::max_difference(vt, par_vt) == 0.0);
    }
  }
}
