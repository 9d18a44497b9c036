// SPDX-License-Identifier: Apache-2.0
#include <svfmath/cpu/algorithm.hpp>

#include <cstdint>
#include <functional>

#include <doctest/doctest.h>

#include "support/close.hpp"
#include "support/cpu_policies.hpp"
#include "support/random.hpp"

#include "shared/algorithm.hpp"

TEST_CASE_TEMPLATE("algorithm: scaling has the same bits on any number of threads", T, float,
                   double) {
  svf::cpu::seq seq;
  svf::cpu::par par(3);
  for (index_t const rows : {1, 7, 130}) {
    for (index_t const cols : {1, 5, 64}) {
      auto const a = test::normal_matrix<T>(rows, cols, 3);
      auto const right = test::normal_vector<T>(std::size_t(cols), 4);
      auto const left = test::normal_vector<T>(std::size_t(rows), 5);
      svf::matrix<T> by_seq(rows, cols);
      svf::matrix<T> by_par(rows, cols);
      svf::cpu::scale_columns(seq, a.view(), svf::as_vector(right), by_seq.view());
      svf::cpu::scale_columns(par, a.view(), svf::as_vector(right), by_par.view());
      CHECK(test::max_difference(by_seq, by_par) == 0.0);
      svf::cpu::scale_rows(seq, svf::as_vector(left), a.view(), by_seq.view());
      svf::cpu::scale_rows(par, svf::as_vector(left), a.view(), by_par.view());
      CHECK(test::max_difference(by_seq, by_par) == 0.0);
    }
  }
}

TEST_CASE("algorithm: transform and reduce take lambdas, with the same bits on any threads") {
  svf::cpu::seq seq;
  for (index_t const size : {0, 1, 4095, 4097, 50001}) {
    auto const x = test::normal_vector<float>(std::size_t(size), 8);
    auto const f = [&](index_t i) { return x[std::size_t(i)]; };
    float const by_seq = svf::cpu::reduce(seq, size, 0.0f, f, std::plus<>{});
    for (int threads : {1, 2, 7}) {
      svf::cpu::par par(threads);
      CHECK(svf::cpu::reduce(par, size, 0.0f, f, std::plus<>{}) == by_seq);
      svf::vector<float> copied(size);
      svf::cpu::transform(par, copied.view(), f);
      CHECK(test::max_difference(copied, x) == 0.0);
    }
  }
}
