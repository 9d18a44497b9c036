// SPDX-License-Identifier: Apache-2.0
#include <svfmath/cpu/solver.hpp>

#include <algorithm>
#include <cstdint>
#include <limits>
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
  for (index_t const n : {1, 2, 13, 60, 200}) {
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

TEST_CASE_TEMPLATE("solver: svd by divide and conquer where Eigen 3.4's own answer is wrong", T,
                   float, double) {
  svf::cpu::seq seq;
  double const epsilon = double(std::numeric_limits<T>::epsilon());
  auto const check = [&](svf::matrix<T> const& a) {
    index_t const r = std::min(a.rows(), a.cols());
    svf::matrix<T> u(a.rows(), r);
    svf::matrix<T> vt(r, a.cols());
    svf::vector<T> s(r);
    svf::cpu::svd(seq, svf::cpu::direct_svd::divide_and_conquer, a.view(), u.view(), s.view(),
                  vt.view());
    double const allowed = 30.0 * double(std::max(a.rows(), a.cols())) * epsilon;
    CHECK(test::orthogonality<T>(u.view()) <= allowed);
    CHECK(test::orthogonality<T>(svf::transposed(vt.view())) <= allowed);
    CHECK(test::residual<T>(u.view(), s.view(), vt.view(), a.view()) <= allowed);
  };
  svf::matrix<T> ones(71, 68);
  std::fill_n(ones.data(), ones.size(), T(1));
  check(ones);
  for (std::uint64_t seed = 0; seed < 40; ++seed) {
    CAPTURE(seed);
    svf::random_stream const random(seed);
    index_t const n = 15 + index_t(random.below(1000, 20));
    svf::matrix<T> sparse(n, n);  // about a tenth of the elements is not 0
    for (index_t i = 0; i < sparse.size(); ++i) {
      auto const at = std::uint64_t(i);
      sparse.data()[i] = random.uniform(2 * at) < 0.1 ? T(random.uniform(2 * at + 1) - 0.5) : T(0);
    }
    sparse(0, 0) = T(1);  // not the zero matrix
    check(sparse);
  }
  // Of rank 8, with a bidiagonal matrix that ends in zeros: Eigen's assertions and AddressSanitizer
  // find an index of -1 where BDCSVD gets the matrix as it is.
  svf::random_stream const random(1);
  svf::matrix<T> blocks(512, 512);
  for (index_t i = 0; i < blocks.rows(); ++i) {
    for (index_t j = 0; j < blocks.cols(); ++j) {
      blocks(i, j) = T(random.normal(std::uint64_t(i / 64 * 8 + j / 64)));
    }
  }
  check(blocks);
}
