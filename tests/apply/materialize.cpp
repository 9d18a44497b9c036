// SPDX-License-Identifier: Apache-2.0
#include <limits>

#include <Eigen/Core>
#include <doctest/doctest.h>
#include <svfmath/apply/materialize.hpp>
#include <svfmath/cpu.hpp>

#include <support/close.hpp>
#include <support/factors.hpp>

TEST_CASE_TEMPLATE("materialize: equals the naive double product on random shapes", T, float,
                   double) {
  svf::cpu::par exec(2);
  for (std::uint64_t seed = 1; seed <= 12; ++seed) {
    svf::random_stream const random(seed);
    auto const m = svf::index_t(1 + random.below(0, 40));
    auto const n = svf::index_t(1 + random.below(1, 40));
    CAPTURE(seed);
    CAPTURE(m);
    CAPTURE(n);
    auto const factors = test::arbitrary_factors<T>(m, n, seed * 100);
    auto const z = test::uniform_vector<T>(std::size_t(factors.rank()), T(0.2), T(2), seed + 7);
    for (auto kind : {svf::normalisation::none, svf::normalisation::nuclear}) {
      auto const expected = test::naive_product(
          factors, test::naive_spectrum(factors, z, kind == svf::normalisation::nuclear));
      auto const result = svf::materialize(exec, factors, z, kind);
      // Entries of normal factors stay below 5; r products of at most 5·4·5·c, c < 3.
      double const bound = 300.0 * double(factors.rank() + 4) *
                           double(std::numeric_limits<T>::epsilon());
      CHECK(test::max_difference(result, expected) <= bound);
    }
  }
}

TEST_CASE("materialize: writes into the caller's Eigen matrix, in either order") {
  svf::cpu::seq exec;
  auto const factors = test::arbitrary_factors<float>(7, 5, 3);
  std::vector<float> const z{1.0f, 0.5f, 2.0f, 1.5f, 0.0f};
  auto const expected = svf::materialize(exec, factors, z);
  Eigen::MatrixXf out(7, 5);
  svf::materialize(exec, factors, z, out);
  for (int i = 0; i < 7; ++i) {
    for (int j = 0; j < 5; ++j) {
      CHECK(test::close(out(i, j), expected(i, j), 5e-5));
    }
  }
}

TEST_CASE("materialize: seq and par give the same bits") {
  svf::cpu::seq one;
  svf::cpu::par two(2);
  auto const factors = test::arbitrary_factors<float>(150, 90, 5);
  auto const z = test::uniform_vector<float>(90, 0.0f, 2.0f, 6);
  CHECK(test::max_difference(svf::materialize(one, factors, z),
                             svf::materialize(two, factors, z)) == 0.0);
}

TEST_CASE("materialize: sizes that do not fit are refused with both sizes named") {
  svf::cpu::seq exec;
  auto const factors = test::arbitrary_factors<float>(4, 3, 9);
  std::vector<float> const z(3, 1.0f);
  svf::matrix<float> wrong(3, 4);
  CHECK_THROWS_WITH_AS(svf::materialize(exec, factors, z, wrong),
                       "materialize: expected out 4x3, got 3x4", svf::error);
  std::vector<float> const short_z(2, 1.0f);
  CHECK_THROWS_AS(svf::materialize(exec, factors, short_z), svf::error);
}

TEST_CASE("materialize: a z that is not finite is refused and leaves the target alone") {
  svf::cpu::seq exec;
  auto const factors = test::arbitrary_factors<float>(4, 3, 9);
  svf::matrix<float> target(4, 3);
  for (float const bad : {std::numeric_limits<float>::quiet_NaN(),
                          std::numeric_limits<float>::infinity()}) {
    for (auto kind : {svf::normalisation::none, svf::normalisation::nuclear}) {
      std::vector<float> const z{1.0f, 1.0f, bad};
      CHECK_THROWS_AS(svf::materialize(exec, factors, z, target, kind), svf::error);
    }
  }
  CHECK(test::max_difference(target, svf::matrix<float>(4, 3)) == 0.0);
}
