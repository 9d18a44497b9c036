// SPDX-License-Identifier: Apache-2.0
#pragma once

/// Bodies for every backend; the including unit names its policies in SVFMATH_TEST_POLICIES.
#include <cstdint>
#include <limits>
#include <vector>

#include <doctest/doctest.h>
#include <svfmath/apply/factored.hpp>
#include <svfmath/core/transfer.hpp>

#include <support/close.hpp>
#include <support/factors.hpp>

namespace {

template <class T, class Exec>
void check_factored(Exec& exec, std::uint64_t seed) {
  svf::random_stream const random(seed);
  auto const m = svf::index_t(1 + random.below(0, 30));
  auto const n = svf::index_t(1 + random.below(1, 30));
  auto const rows = svf::index_t(1 + random.below(2, 9));
  auto const factors = test::arbitrary_factors<T>(m, n, seed * 10);
  auto const z = test::uniform_vector<T>(std::size_t(factors.rank()), T(0.2), T(2), seed + 3);
  auto const x = test::normal_matrix<T>(rows, n, seed + 4);
  auto const factors_there = svf::factors_on(exec, factors);
  auto const z_there = svf::vector_on(exec, z);
  auto const x_there = svf::matrix_on(exec, x);
  for (auto kind : {svf::normalisation::none, svf::normalisation::nuclear}) {
    auto const w = test::naive_product(
        factors, test::naive_spectrum(factors, z, kind == svf::normalisation::nuclear));
    auto y_there = svf::make_matrix<T>(exec, rows, m);
    svf::apply_factored(exec, factors_there, z_there, x_there, y_there, kind);
    auto const y = svf::host_matrix(exec, y_there);
    for (svf::index_t t = 0; t < rows; ++t) {
      for (svf::index_t a = 0; a < m; ++a) {
        double expected = 0.0;
        for (svf::index_t b = 0; b < n; ++b) {
          expected += w(a, b) * double(x(t, b));
        }
        // n·r products of normals (below 5 each) with sigma' below 12.
        double const bound = 60.0 * double(n) * double(factors.rank()) *
                             double(std::numeric_limits<T>::epsilon());
        CHECK(test::close(double(y(t, a)), expected, bound));
      }
    }
  }
}

}  // namespace

TEST_CASE_TEMPLATE("factored: y = x W'^T of the naive double product", Exec,
                   SVFMATH_TEST_POLICIES) {
  auto exec = test::make_policy<Exec>();
  for (std::uint64_t seed = 1; seed <= 8; ++seed) {
    CAPTURE(seed);
    check_factored<float>(exec, seed);
    check_factored<double>(exec, seed);
  }
}

TEST_CASE_TEMPLATE("factored: sizes that do not fit are refused", Exec, SVFMATH_TEST_POLICIES) {
  auto exec = test::make_policy<Exec>();
  auto const factors = svf::factors_on(exec, test::arbitrary_factors<float>(4, 3, 1));
  auto const z = svf::vector_on(exec, std::vector<float>(3, 1.0f));
  auto x = svf::make_matrix<float>(exec, 2, 4);
  auto y = svf::make_matrix<float>(exec, 2, 4);
  CHECK_THROWS_AS(svf::apply_factored(exec, factors, z, x, y), svf::error);
}

TEST_CASE_TEMPLATE("factored: a z that is not finite is refused, even for no rows", Exec,
                   SVFMATH_TEST_POLICIES) {
  auto exec = test::make_policy<Exec>();
  auto const factors = svf::factors_on(exec, test::arbitrary_factors<float>(4, 3, 9));
  auto const z = svf::vector_on(
      exec, std::vector<float>{1.0f, std::numeric_limits<float>::quiet_NaN(), 1.0f});
  for (svf::index_t const rows : {0, 2}) {
    auto const x = svf::matrix_on(exec, svf::matrix<float>(rows, 3));
    auto y = svf::make_matrix<float>(exec, rows, 4);
    CHECK_THROWS_AS(svf::apply_factored(exec, factors, z, x, y), svf::error);
  }
}
