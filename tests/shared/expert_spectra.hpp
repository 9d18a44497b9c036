// SPDX-License-Identifier: Apache-2.0
#pragma once

/// Bodies for every backend; the including unit names its policies in SVFMATH_TEST_POLICIES.
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include <doctest/doctest.h>
#include <svfmath/apply/expert_spectra.hpp>
#include <svfmath/apply/spectrum.hpp>
#include <svfmath/core/transfer.hpp>

#include <support/close.hpp>
#include <support/factors.hpp>
#include <support/has.hpp>
#include <support/padded.hpp>

namespace {

using svf::index_t;

// z (E×r) as rows for the functions that take one expert.
template <class T>
std::vector<T> row_of(svf::matrix<T> const& z, index_t k) {
  return {z.data() + k * z.cols(), z.data() + (k + 1) * z.cols()};
}

template <class T>
svf::matrix<T> uniform_rows(index_t rows, index_t cols, std::uint64_t seed) {
  auto const values = test::uniform_vector<T>(std::size_t(rows * cols), T(0.2), T(2), seed);
  svf::matrix<T> result(rows, cols);
  std::copy(values.begin(), values.end(), result.data());
  return result;
}

template <class T, class Exec>
void check_expert_spectra(Exec& exec, std::uint64_t seed) {
  svf::generator random(seed, 7);
  index_t const experts = 1 + index_t(random.below(9));
  index_t const count = 1 + index_t(random.below(6));  // of mixtures
  auto const factors = test::arbitrary_factors<T>(test::extent(random), test::extent(random), seed);
  index_t const r = factors.rank();
  CAPTURE(experts);
  CAPTURE(r);
  auto const there = svf::factors_on(exec, factors);
  auto const z = uniform_rows<T>(experts, r, seed + 3);
  svf::matrix<double> alpha(count, experts);
  for (index_t g = 0; g < count; ++g) {
    for (index_t k = 0; k < experts; ++k) {
      alpha(g, k) = k > 0 && random.below(3) == 0 ? 0.0 : random.uniform() - (k > 0 ? 0.2 : 0.0);
    }
    alpha(g, 0) += 1.5;  // the sum of sigma*z stays positive
  }
  double const ulp = double(std::numeric_limits<T>::epsilon());
  for (bool const nuclear : {false, true}) {
    auto const kind = nuclear ? svf::normalisation::nuclear : svf::normalisation::none;
    svf::expert_spectra const spectra(exec, there, z, kind);
    REQUIRE(spectra.size() == experts);
    REQUIRE(spectra.rank() == r);
    auto const rows = svf::host_matrix(exec, spectra.view());
    for (index_t k = 0; k < experts; ++k) {
      auto const expected = test::naive_spectrum(factors, row_of(z, k), nuclear);
      for (index_t i = 0; i < r; ++i) {
        // One rounding to T, and in double those of c.
        CHECK(test::close_relative(double(rows(k, i)), expected[std::size_t(i)],
                                   ulp + double(r) * 3e-16));
      }
    }
    auto const mixed =
        svf::host_matrix(exec, spectra.mixed(exec, svf::expert_mixtures(exec, alpha)).view());
    REQUIRE(mixed.rows() == count);
    for (index_t g = 0; g < count; ++g) {
      std::vector<double> blend(std::size_t(r), 0.0);
      double size = 0.0;
      for (index_t k = 0; k < experts; ++k) {
        size += std::abs(alpha(g, k));
        for (index_t i = 0; i < r; ++i) {
          blend[std::size_t(i)] += alpha(g, k) * double(z(k, i));
        }
      }
      auto const expected = test::naive_spectrum(factors, blend, nuclear);
      double const c =
          nuclear && blend[0] != 0.0 ? expected[0] / (double(factors.s[0]) * blend[0]) : 1.0;
      for (index_t i = 0; i < r; ++i) {
        // A rounding of each sigma'_k, below 4, and of the result; in double those of the sums.
        double const bound = (ulp + double(r + experts) * 1e-15) *
                             (4.0 * size * std::abs(c) + std::abs(expected[std::size_t(i)]));
        CHECK(test::close(double(mixed(g, i)), expected[std::size_t(i)], bound));
      }
    }
  }
}

template <class Call>
std::string spectra_refusal(Call&& call) {
  try {
    call();
  } catch (svf::error const& e) {
    return std::string(svf::to_string(e.kind())) + ": " + e.what();
  }
  return "";
}

}  // namespace

TEST_CASE_TEMPLATE("expert_spectra: rows and mixtures equal the naive double sums", Exec,
                   SVFMATH_TEST_POLICIES) {
  auto exec = test::make_policy<Exec>();
  for (std::uint64_t seed = 1; seed <= 12; ++seed) {
    CAPTURE(seed);
    check_expert_spectra<float>(exec, seed);
    check_expert_spectra<double>(exec, seed);
  }
}

TEST_CASE_TEMPLATE("expert_spectra: each row has the bits of expert_spectrum, from either memory",
                   Exec, SVFMATH_TEST_POLICIES) {
  auto exec = test::make_policy<Exec>();
  auto const factors = svf::factors_on(exec, test::arbitrary_factors<double>(70, 41, 3));
  auto const bank = uniform_rows<float>(5, 100, 4);
  auto const bank_there = svf::matrix_on(exec, bank);
  svf::expert_spectra const spectra(exec, factors, bank.view().cols_range(30, 41));
  svf::expert_spectra const same(exec, factors, bank_there.view().cols_range(30, 41));
  auto const rows = svf::host_matrix(exec, spectra.view());
  CHECK(test::max_difference(svf::host_matrix(exec, same.view()), rows) == 0.0);
  for (index_t k = 0; k < 5; ++k) {
    auto const z = bank_there.view().row(k);
    svf::vector_view<float const, typename Exec::space> const part(z.data + 30, 41);
    auto const expected =
        svf::host_vector(exec, svf::expert_spectrum(exec, factors.s.view(), part));
    for (index_t i = 0; i < 41; ++i) {
      CHECK(rows(k, i) == expected[i]);
    }
  }
}

TEST_CASE_TEMPLATE("expert_spectra: one expert with weight 1 is itself, and mixtures may be mixed",
                   Exec, SVFMATH_TEST_POLICIES) {
  auto exec = test::make_policy<Exec>();
  auto const factors = svf::factors_on(exec, test::arbitrary_factors<double>(9, 12, 3));
  auto const z = uniform_rows<double>(3, 9, 4);
  svf::matrix<float> first(2, 3);
  first(0, 1) = 1.0f;
  first(1, 0) = first(1, 2) = 0.5f;
  svf::matrix<float> second(1, 2);
  second(0, 0) = second(0, 1) = 0.5f;
  svf::matrix<float> both(1, 3);
  both(0, 0) = both(0, 2) = 0.25f;
  both(0, 1) = 0.5f;
  for (auto const kind : {svf::normalisation::none, svf::normalisation::nuclear}) {
    svf::expert_spectra const spectra(exec, factors, z, kind);
    auto const mixed = spectra.mixed(exec, svf::expert_mixtures(exec, first));
    auto const rows = svf::host_matrix(exec, spectra.view());
    auto const twice =
        svf::host_matrix(exec, mixed.mixed(exec, svf::expert_mixtures(exec, second)).view());
    auto const at_once =
        svf::host_matrix(exec, spectra.mixed(exec, svf::expert_mixtures(exec, both)).view());
    auto const here = svf::host_matrix(exec, mixed.view());
    for (index_t i = 0; i < 9; ++i) {
      CHECK(here(0, i) == rows(1, i));
      CHECK(test::close_relative(twice(0, i), at_once(0, i), 1e-14));
    }
  }
}

TEST_CASE_TEMPLATE("expert_spectra: sigma = 0 stays 0 under the nuclear normaliser", Exec,
                   SVFMATH_TEST_POLICIES) {
  auto exec = test::make_policy<Exec>();
  auto factors = test::arbitrary_factors<float>(4, 3, 1);
  factors.s = svf::vector<float>(3);
  svf::expert_spectra const spectra(exec, svf::factors_on(exec, factors),
                                    uniform_rows<float>(2, 3, 1), svf::normalisation::nuclear);
  svf::matrix<float> alpha(1, 2);
  alpha(0, 1) = 1.0f;
  auto const mixed = spectra.mixed(exec, svf::expert_mixtures(exec, alpha));
  CHECK(test::max_difference(svf::host_matrix(exec, spectra.view()), svf::matrix<float>(2, 3)) ==
        0.0);
  CHECK(test::max_difference(svf::host_matrix(exec, mixed.view()), svf::matrix<float>(1, 3)) ==
        0.0);
}

TEST_CASE_TEMPLATE("expert_spectra: a replaced expert is the new one, in mixtures too", Exec,
                   SVFMATH_TEST_POLICIES) {
  auto exec = test::make_policy<Exec>();
  auto const factors = svf::factors_on(exec, test::arbitrary_factors<float>(20, 33, 3));
  auto const z = uniform_rows<float>(3, 20, 4);
  auto const other_z = uniform_rows<float>(2, 20, 5);
  auto expected_z = z;
  std::copy(other_z.data() + 20, other_z.data() + 40, expected_z.data() + 20);
  svf::expert_mixtures const all(exec, uniform_rows<float>(4, 3, 6));
  for (auto const kind : {svf::normalisation::none, svf::normalisation::nuclear}) {
    svf::expert_spectra spectra(exec, factors, z, kind);
    spectra.replace(exec, 1, svf::expert_spectra(exec, factors, other_z, kind), 1);
    svf::expert_spectra const expected(exec, factors, expected_z, kind);
    CHECK(test::max_difference(svf::host_matrix(exec, spectra.view()),
                               svf::host_matrix(exec, expected.view())) == 0.0);
    CHECK(test::max_difference(svf::host_matrix(exec, spectra.mixed(exec, all).view()),
                               svf::host_matrix(exec, expected.mixed(exec, all).view())) == 0.0);
  }
  svf::expert_spectra plain(exec, factors, z);
  svf::expert_spectra const nuclear(exec, factors, z, svf::normalisation::nuclear);
  for (auto const& [k, from] : {std::pair<index_t, index_t>{3, 0}, {-1, 0}, {0, 3}, {0, -1}}) {
    CHECK_THROWS_AS(plain.replace(exec, k, plain, from), svf::error);
  }
  CHECK_THROWS_AS(plain.replace(exec, 0, nuclear), svf::error);
  auto const smaller = svf::factors_on(exec, test::arbitrary_factors<float>(19, 33, 3));
  CHECK_THROWS_AS(
      plain.replace(exec, 0, svf::expert_spectra(exec, smaller, uniform_rows<float>(1, 19, 1))),
      svf::error);
}

TEST_CASE_TEMPLATE("expert_spectra: what is not finite is refused by expert and component", Exec,
                   SVFMATH_TEST_POLICIES) {
  auto exec = test::make_policy<Exec>();
  auto const factors = svf::factors_on(exec, test::arbitrary_factors<float>(4, 3, 9));
  constexpr float nan = std::numeric_limits<float>::quiet_NaN();
  constexpr float largest = std::numeric_limits<float>::max();
  for (auto const kind : {svf::normalisation::none, svf::normalisation::nuclear}) {
    auto z = uniform_rows<float>(4, 3, 1);
    z(2, 1) = z(2, 2) = z(3, 0) = nan;
    CHECK(spectra_refusal([&] { svf::expert_spectra(exec, factors, z, kind); }) ==
          "numeric: expert_spectra: expected a finite sigma*z, got nan for expert 2 at [1]");
    z = uniform_rows<float>(4, 3, 1);
    z(1, 0) = largest;  // sigma = 2
    CHECK(spectra_refusal([&] { svf::expert_spectra(exec, factors, z, kind); }) ==
          "numeric: expert_spectra: expected a finite sigma*z, got inf for expert 1 at [0]");
  }
  auto z = uniform_rows<float>(3, 3, 1);
  z(1, 0) = z(1, 1) = z(1, 2) = -1.0f;
  svf::expert_spectra const plain(exec, factors, z);
  CHECK(test::has(
      spectra_refusal([&] { svf::expert_spectra(exec, factors, z, svf::normalisation::nuclear); }),
      "numeric: expert_spectra: expected a positive sum of sigma*z, got -"));
  svf::matrix<float> alpha(2, 3);
  alpha(0, 0) = alpha(1, 0) = 1.0f;
  alpha(1, 2) = largest;
  alpha(1, 1) = -largest;
  CHECK(test::has(spectra_refusal([&] { plain.mixed(exec, svf::expert_mixtures(exec, alpha)); }),
                  "expected a finite sigma*z, got inf for mixture 1 at [0]"));
  svf::expert_spectra const nuclear(exec, factors, uniform_rows<float>(3, 3, 1),
                                    svf::normalisation::nuclear);
  alpha = svf::matrix<float>(2, 3);
  alpha(0, 0) = 1.0f;  // mixture 1 is empty
  CHECK(spectra_refusal([&] { nuclear.mixed(exec, svf::expert_mixtures(exec, alpha)); }) ==
        "numeric: expert_spectra: expected a positive sum of sigma*z, got 0 for mixture 1");
}

TEST_CASE_TEMPLATE("expert_spectra: sizes that do not fit are refused", Exec,
                   SVFMATH_TEST_POLICIES) {
  auto exec = test::make_policy<Exec>();
  auto const factors = svf::factors_on(exec, test::arbitrary_factors<float>(4, 3, 9));
  CHECK(spectra_refusal([&] { svf::expert_spectra(exec, factors, svf::matrix<float>(2, 4)); }) ==
        "shape: expert_spectra: expected z E x 3 with E >= 1, got 2x4");
  CHECK(spectra_refusal([&] { svf::expert_spectra(exec, factors, svf::matrix<float>(0, 3)); }) ==
        "shape: expert_spectra: expected z E x 3 with E >= 1, got 0x3");
  svf::expert_spectra const spectra(exec, factors, uniform_rows<float>(2, 3, 1));
  svf::matrix<float> alpha(1, 3);
  CHECK(spectra_refusal([&] { spectra.mixed(exec, svf::expert_mixtures(exec, alpha)); }) ==
        "shape: expert_spectra: expected mixtures of 2 experts, got 3");
}
