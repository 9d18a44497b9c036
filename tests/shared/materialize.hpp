// SPDX-License-Identifier: Apache-2.0
#pragma once

/// Bodies for every backend; the including unit names its policies in SVFMATH_TEST_POLICIES.
#include <cstdint>
#include <limits>
#include <vector>

#include <doctest/doctest.h>
#include <svfmath/apply/materialize.hpp>
#include <svfmath/core/transfer.hpp>

#include <support/close.hpp>
#include <support/factors.hpp>

namespace {

// W'(z) of host factors, on the host, computed where the policy computes.
template <class Exec, class T>
svf::matrix<T> materialized(Exec& exec, svf::svd_factors<T> const& factors,
                            std::vector<T> const& z,
                            svf::normalisation kind = svf::normalisation::none) {
  auto const there = svf::factors_on(exec, factors);
  return svf::host_matrix(exec, svf::materialize(exec, there, svf::vector_on(exec, z), kind));
}

template <class T, class Exec>
void check_materialize(Exec& exec, std::uint64_t seed) {
  svf::random_stream const random(seed);
  auto const m = svf::index_t(1 + random.below(0, 40));
  auto const n = svf::index_t(1 + random.below(1, 40));
  CAPTURE(m);
  CAPTURE(n);
  auto const factors = test::arbitrary_factors<T>(m, n, seed * 100);
  auto const z = test::uniform_vector<T>(std::size_t(factors.rank()), T(0.2), T(2), seed + 7);
  for (auto kind : {svf::normalisation::none, svf::normalisation::nuclear}) {
    auto const expected = test::naive_product(
        factors, test::naive_spectrum(factors, z, kind == svf::normalisation::nuclear));
    auto const result = materialized(exec, factors, z, kind);
    // Entries of normal factors stay below 5; r products of at most 5·4·5·c, c < 3.
    double const bound = 300.0 * double(factors.rank() + 4) *
                         double(std::numeric_limits<T>::epsilon());
    CHECK(test::max_difference(result, expected) <= bound);
  }
}

}  // namespace

TEST_CASE_TEMPLATE("materialize: equals the naive double product on random shapes", Exec,
                   SVFMATH_TEST_POLICIES) {
  auto exec = test::make_policy<Exec>();
  for (std::uint64_t seed = 1; seed <= 12; ++seed) {
    CAPTURE(seed);
    check_materialize<float>(exec, seed);
    check_materialize<double>(exec, seed);
  }
}

TEST_CASE_TEMPLATE("materialize: writes into the caller's matrix, in either order", Exec,
                   SVFMATH_TEST_POLICIES) {
  auto exec = test::make_policy<Exec>();
  auto const factors = test::arbitrary_factors<float>(7, 5, 3);
  std::vector<float> const z{1.0f, 0.5f, 2.0f, 1.5f, 0.0f};
  auto const expected = materialized(exec, factors, z);
  auto const there = svf::factors_on(exec, factors);
  auto out = svf::make_matrix<float>(exec, 5, 7);
  svf::materialize(exec, there, svf::vector_on(exec, z), svf::transposed(out.view()));
  auto const result = svf::host_matrix(exec, svf::transposed(out.view()));
  for (svf::index_t i = 0; i < 7; ++i) {
    for (svf::index_t j = 0; j < 5; ++j) {
      CHECK(test::close(double(result(i, j)), double(expected(i, j)), 5e-5));
    }
  }
}

TEST_CASE_TEMPLATE("materialize: sizes that do not fit are refused with both sizes named", Exec,
                   SVFMATH_TEST_POLICIES) {
  auto exec = test::make_policy<Exec>();
  auto const factors = svf::factors_on(exec, test::arbitrary_factors<float>(4, 3, 9));
  auto const z = svf::vector_on(exec, std::vector<float>(3, 1.0f));
  auto wrong = svf::make_matrix<float>(exec, 3, 4);
  CHECK_THROWS_WITH_AS(svf::materialize(exec, factors, z, wrong),
                       "materialize: expected out 4x3, got 3x4", svf::error);
  auto const short_z = svf::vector_on(exec, std::vector<float>(2, 1.0f));
  CHECK_THROWS_AS(svf::materialize(exec, factors, short_z), svf::error);
}

TEST_CASE_TEMPLATE("materialize: a z that is not finite is refused, on the CPU before the target "
                   "is touched, and the policy goes on",
                   Exec, SVFMATH_TEST_POLICIES) {
  auto exec = test::make_policy<Exec>();
  auto const factors = svf::factors_on(exec, test::arbitrary_factors<float>(4, 3, 9));
  auto target = svf::matrix_on(exec, svf::matrix<float>(4, 3));
  for (float const bad : {std::numeric_limits<float>::quiet_NaN(),
                          std::numeric_limits<float>::infinity()}) {
    for (auto kind : {svf::normalisation::none, svf::normalisation::nuclear}) {
      auto const z = svf::vector_on(exec, std::vector<float>{1.0f, 1.0f, bad});
      CHECK_THROWS_AS(svf::materialize(exec, factors, z, target, kind), svf::error);
    }
  }
  if constexpr (std::same_as<typename Exec::space, svf::host_space>) {
    CHECK(test::max_difference(svf::host_matrix(exec, target), svf::matrix<float>(4, 3)) == 0.0);
  }
  auto const good = svf::vector_on(exec, std::vector<float>{1.0f, 0.5f, 2.0f});
  svf::materialize(exec, factors, good, target);
  CHECK(test::max_difference(svf::host_matrix(exec, target),
                             svf::host_matrix(exec, svf::materialize(exec, factors, good))) == 0.0);
}
