// SPDX-License-Identifier: Apache-2.0
#include <svfmath/cpu/memory.hpp>

#include <vector>

#include <doctest/doctest.h>

#include "support/random.hpp"

using svf::index_t;

TEST_CASE("memory: copy converts elements between any orders and leading dimensions") {
  svf::cpu::seq seq;
  svf::cpu::par par(2);
  auto const source = test::normal_matrix<float>(13, 9, 1);
  for (svf::order const layout : {svf::order::row_major, svf::order::col_major}) {
    index_t const ld = 15;
    std::vector<double> by_seq(std::size_t(ld * ld), -7.0);
    std::vector<double> by_par = by_seq;
    svf::matrix_view<double> const target(by_seq.data(), 13, 9, ld, layout);
    svf::cpu::copy(seq, source.view(), target);
    svf::cpu::copy(par, source.view(),
                   svf::matrix_view<double>(by_par.data(), 13, 9, ld, layout));
    CHECK(by_seq == by_par);
    double outside = 0.0;
    for (double const x : by_seq) {
      outside += x == -7.0 ? 1.0 : 0.0;
    }
    CHECK(outside == double(ld * ld - 13 * 9));
    for (index_t i = 0; i < 13; ++i) {
      for (index_t j = 0; j < 9; ++j) {
        CHECK(target(i, j) == double(source(i, j)));
      }
    }
  }
}

TEST_CASE("memory: copy of strided vectors, and unequal extents refused") {
  svf::cpu::seq seq;
  std::vector<float> source{1, 2, 3, 4, 5, 6};
  std::vector<double> target(3, 0.0);
  svf::cpu::copy(seq, svf::vector_view<float>(source.data(), 3, 2),
                 svf::vector_view<double>(target.data(), 3));
  CHECK(target == std::vector<double>{1, 3, 5});

  CHECK_THROWS_AS(svf::cpu::copy(seq, svf::vector_view<float>(source.data(), 2),
                                 svf::vector_view<double>(target.data(), 3)),
                  svf::error);
  svf::matrix<float> a(2, 3);
  svf::matrix<float> b(3, 2);
  CHECK_THROWS_AS(svf::cpu::copy(seq, a.view(), b.view()), svf::error);
}
