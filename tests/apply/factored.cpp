// SPDX-License-Identifier: Apache-2.0
#include <limits>

#include <doctest/doctest.h>
#include <svfmath/apply/factored.hpp>
#include <svfmath/cpu.hpp>

#include <support/close.hpp>
#include <support/factors.hpp>

TEST_CASE_TEMPLATE("factored: y = x W'^T of the naive double product", T, float, double) {
  svf::cpu::par exec(2);
  for (std::uint64_t seed = 1; seed <= 8; ++seed) {
    svf::random_stream const random(seed);
    auto const m = svf::index_t(1 + random.below(0, 30));
    auto const n = svf::index_t(1 + random.below(1, 30));
    auto const rows = svf::index_t(1 + random.below(2, 9));
    CAPTURE(seed);
    auto const factors = test::arbitrary_factors<T>(m, n, seed * 10);
    auto const z = test::uniform_vector<T>(std::size_t(factors.rank()), T(0.2), T(2), seed + 3);
    auto const x = test::normal_matrix<T>(rows, n, seed + 4);
    for (auto kind : {svf::normalisation::none, svf::normalisation::nuclear}) {
      auto const w = test::naive_product(
          factors, test::naive_spectrum(factors, z, kind == svf::normalisation::nuclear));
      svf::matrix<T> y(rows, m);
      svf::apply_factored(exec, factors, z, x, y, kind);
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
}

TEST_CASE("factored: sizes that do not fit are refused") {
  svf::cpu::seq exec;
  auto const factors = test::arbitrary_factors<float>(4, 3, 1);
  std::vector<float> const z(3, 1.0f);
  svf::matrix<float> x(2, 4);
  svf::matrix<float> y(2, 4);
  CHECK_THROWS_AS(svf::apply_factored(exec, factors, z, x, y), svf::error);
}

TEST_CASE("factored: a z that is not finite is refused, even for no rows") {
  svf::cpu::seq exec;
  auto const factors = test::arbitrary_factors<float>(4, 3, 9);
  std::vector<float> const z{1.0f, std::numeric_limits<float>::quiet_NaN(), 1.0f};
  for (svf::index_t const rows : {0, 2}) {
    svf::matrix<float> const x(rows, 3);
    svf::matrix<float> y(rows, 4);
    CHECK_THROWS_AS(svf::apply_factored(exec, factors, z, x, y), svf::error);
  }
}
