// SPDX-License-Identifier: Apache-2.0
#include <svfmath/cpu/memory.hpp>

#include <algorithm>
#include <cstddef>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

#include "support/close.hpp"
#include "support/cpu_policies.hpp"

#include "shared/memory.hpp"

TEST_CASE("memory: a matrix made from a size alone is zero, and needs as many elements") {
  svf::matrix<float> const a(3, 4);
  CHECK(std::all_of(a.data(), a.data() + 12, [](float x) { return x == 0.0f; }));
  CHECK_THROWS_AS(svf::matrix<float>(svf::buffer<float, svf::host_space>(5), 2, 3), svf::error);
}

TEST_CASE("memory: problems of one thread hand their large blocks to the next, and keep results") {
  svf::cpu::seq seq;
  constexpr index_t n = 200;  // of floats, a block of 160 kB
  std::vector<svf::matrix<float>> kept;
  std::vector<float const*> scratch;
  for_each_problem(seq, index_t{3}, [&](auto& local, index_t i) {
    auto block = svf::make_matrix<float>(local, n, n);
    scratch.push_back(block.data());
    block(n - 1, n - 1) = float(i);
    if (i == 1) {
      kept.push_back(std::move(block));
    }
  });
  CHECK(scratch[1] == scratch[0]);
  REQUIRE(kept.size() == 1);
  CHECK(kept[0](n - 1, n - 1) == 1.0f);
}

TEST_CASE("memory: one and three threads copy the same, and nothing outside of the view") {
  svf::cpu::seq seq;
  svf::cpu::par par(3);
  auto const source = test::normal_matrix<float>(13, 9, 1);
  for (svf::order const layout : {svf::order::row_major, svf::order::col_major}) {
    index_t const ld = 15;
    std::vector<double> by_seq(std::size_t(ld * ld), -7.0);
    std::vector<double> by_par = by_seq;
    svf::cpu::copy(seq, source.view(), svf::matrix_view<double>(by_seq.data(), 13, 9, ld, layout));
    svf::cpu::copy(par, source.view(), svf::matrix_view<double>(by_par.data(), 13, 9, ld, layout));
    CHECK(by_seq == by_par);
    CHECK(std::count(by_seq.begin(), by_seq.end(), -7.0) == ld * ld - 13 * 9);
  }
}

TEST_CASE("memory: copies between layouts, in whole tiles and parts of them") {
  svf::cpu::par par(3);
  for (auto const& [m, n] : {std::pair<index_t, index_t>{31, 33}, {32, 64}, {70, 1}, {1, 70},
                             {65, 95}}) {
    CAPTURE(m);
    CAPTURE(n);
    auto const source = test::normal_matrix<float>(m, n, 2);
    std::vector<double> target(std::size_t((m + 3) * n), -7.0);
    svf::matrix_view<double> const by_columns(target.data(), m, n, m + 3, svf::order::col_major);
    svf::cpu::copy(par, source.view(), by_columns);
    CHECK(std::count(target.begin(), target.end(), -7.0) == 3 * n);
    svf::matrix<float> back(m, n);
    svf::cpu::copy(par, by_columns, back.view());
    CHECK(test::max_difference(back, source) == 0.0);
    index_t wrong = 0;
    for (index_t i = 0; i < m; ++i) {
      for (index_t j = 0; j < n; ++j) {
        wrong += target[std::size_t(j * (m + 3) + i)] == double(source(i, j)) ? 0 : 1;
      }
    }
    CHECK(wrong == 0);
  }
}
