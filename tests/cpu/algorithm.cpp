// SPDX-License-Identifier: Apache-2.0
#include <svfmath/cpu/algorithm.hpp>

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <vector>

#include <doctest/doctest.h>

#include "support/close.hpp"
#include "support/random.hpp"

using svf::index_t;

TEST_CASE_TEMPLATE("algorithm: scale_columns and scale_rows multiply by a diagonal", T, float,
                   double) {
  svf::cpu::seq seq;
  svf::cpu::par par(3);
  for (index_t const rows : {1, 7, 130}) {
    for (index_t const cols : {1, 5, 64}) {
      auto const a = test::normal_matrix<T>(rows, cols, 3);
      auto const right = test::normal_vector<T>(std::size_t(cols), 4);
      auto const left = test::normal_vector<T>(std::size_t(rows), 5);
      svf::vector_view<T const> const d(right.data(), cols);
      svf::vector_view<T const> const e(left.data(), rows);
      svf::matrix<T> by_cols(rows, cols);
      svf::matrix<T> by_rows(rows, cols);
      svf::matrix<T> par_cols(rows, cols);
      svf::matrix<T> par_rows(rows, cols);
      svf::cpu::scale_columns(seq, a.view(), d, by_cols.view());
      svf::cpu::scale_rows(seq, e, a.view(), by_rows.view());
      svf::cpu::scale_columns(par, a.view(), d, par_cols.view());
      svf::cpu::scale_rows(par, e, a.view(), par_rows.view());
      for (index_t i = 0; i < rows; ++i) {
        for (index_t j = 0; j < cols; ++j) {
          CHECK(by_cols(i, j) == a(i, j) * right[std::size_t(j)]);
          CHECK(by_rows(i, j) == left[std::size_t(i)] * a(i, j));
          CHECK(par_cols(i, j) == by_cols(i, j));
          CHECK(par_rows(i, j) == by_rows(i, j));
        }
      }
    }
  }
}

TEST_CASE("algorithm: scaling in place and refusing what does not fit") {
  svf::cpu::seq seq;
  auto a = test::normal_matrix<double>(4, 3, 6);
  auto const before = a;
  std::vector<double> const d{2.0, -1.0, 0.5};
  svf::cpu::scale_columns(seq, a.view(), svf::vector_view<double const>(d.data(), 3), a.view());
  CHECK(a(3, 1) == -before(3, 1));
  CHECK(a(2, 2) == 0.5 * before(2, 2));
  CHECK_THROWS_AS(svf::cpu::scale_columns(seq, before.view(),
                                          svf::vector_view<double const>(d.data(), 2), a.view()),
                  svf::error);
  CHECK_THROWS_AS(svf::cpu::scale_rows(seq, svf::vector_view<double const>(d.data(), 3),
                                       before.view(), a.view()),
                  svf::error);
}

TEST_CASE("algorithm: transform writes f(i) everywhere, on any number of threads") {
  svf::cpu::seq seq;
  svf::cpu::par par(2);
  for (index_t const size : {0, 1, 4095, 4096, 4097, 20000}) {
    svf::vector<double> a(size);
    svf::vector<double> b(size);
    auto const f = [](index_t i) { return std::sqrt(double(i)); };
    svf::cpu::transform(seq, a.view(), f);
    svf::cpu::transform(par, b.view(), f);
    CHECK(std::equal(a.begin(), a.end(), b.begin()));
    if (size > 0) {
      CHECK(a[size - 1] == std::sqrt(double(size - 1)));
    }
  }
}

TEST_CASE("algorithm: reduce has the same bits on any number of threads") {
  svf::cpu::seq seq;
  for (index_t const size : {0, 1, 4097, 50001}) {
    auto const x = test::normal_vector<float>(std::size_t(size), 8);
    auto const f = [&](index_t i) { return x[std::size_t(i)]; };
    float const by_seq = svf::cpu::reduce(seq, size, 0.0f, f, std::plus<>{});
    double exact = 0.0;
    double magnitude = 0.0;
    for (float const value : x) {
      exact += double(value);
      magnitude += std::abs(double(value));
    }
    // Each element passes through at most a piece's sums and the sum of the pieces.
    double const additions = 4096.0 + double(size) / 4096.0;
    CHECK(test::close(double(by_seq), exact,
                      additions * magnitude * double(std::numeric_limits<float>::epsilon())));
    for (int threads : {1, 2, 7}) {
      svf::cpu::par par(threads);
      CHECK(svf::cpu::reduce(par, size, 0.0f, f, std::plus<>{}) == by_seq);
    }
    float const largest = svf::cpu::reduce(seq, size, -HUGE_VALF, f,
                                           [](float a, float b) { return std::max(a, b); });
    CHECK(largest == (x.empty() ? -HUGE_VALF : *std::max_element(x.begin(), x.end())));
  }
}

TEST_CASE("algorithm: column_dots is the diagonal of the product, in any order and on any policy") {
  svf::cpu::seq seq;
  svf::cpu::par par(2);
  for (auto const& [m, n] : {std::pair<svf::index_t, svf::index_t>{1, 1}, {5, 200}, {300, 7}}) {
    auto const a = test::normal_matrix<float>(m, n, 61);
    auto const b = test::normal_matrix<float>(m, n, 62);
    svf::matrix<float> at(n, m);
    for (svf::index_t i = 0; i < m; ++i) {
      for (svf::index_t j = 0; j < n; ++j) {
        at(j, i) = a(i, j);
      }
    }
    svf::vector<double> rows(n);
    svf::vector<double> cols(n);
    svf::cpu::column_dots(seq, a.view(), b.view(), rows.view());
    svf::cpu::column_dots(par, svf::transposed(at.view()), b.view(), cols.view());
    for (svf::index_t j = 0; j < n; ++j) {
      double exact = 0.0;
      double size = 0.0;
      for (svf::index_t i = 0; i < m; ++i) {
        exact += double(a(i, j)) * double(b(i, j));
        size += std::abs(double(a(i, j)) * double(b(i, j)));
      }
      CHECK(std::abs(rows[j] - exact) <= double(m) * 2.3e-16 * size);
      CHECK(cols[j] == rows[j]);
    }
    svf::vector<double> longer(n + 1);
    CHECK_THROWS_AS(svf::cpu::column_dots(seq, a.view(), b.view(), longer.view()), svf::error);
  }
}
