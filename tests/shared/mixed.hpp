// SPDX-License-Identifier: Apache-2.0
#pragma once

/// Bodies for every backend; the including unit names its policies in SVFMATH_TEST_POLICIES.
#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include <doctest/doctest.h>
#include <svfmath/apply/factored.hpp>
#include <svfmath/apply/mixed.hpp>
#include <svfmath/core/transfer.hpp>

#include <support/close.hpp>
#include <support/factors.hpp>
#include <support/padded.hpp>

namespace {

// Everything that one batch needs, at random, on the host.
template <class T>
struct mixed_problem {
  svf::svd_factors<T> factors;
  svf::matrix<T> z;
  std::vector<int> expert_of_row;

  mixed_problem(svf::generator& random, std::uint64_t seed, svf::index_t rows, svf::index_t experts)
      : factors(test::arbitrary_factors<T>(test::extent(random), test::extent(random), seed)),
        z(experts, factors.rank()) {
    auto const values = test::uniform_vector<T>(std::size_t(z.size()), T(0.2), T(2), seed + 2);
    std::copy(values.begin(), values.end(), z.data());
    for (svf::index_t t = 0; t < rows; ++t) {
      expert_of_row.push_back(int(random.below(std::uint64_t(experts))));
    }
  }

  std::vector<T> z_of(svf::index_t k) const {
    return {z.data() + k * z.cols(), z.data() + (k + 1) * z.cols()};
  }
};

// Σ_i U(a,i) σ'(i) Σ_b Vᵀ(i,b) x(t,b) of one row in double, and the sum of the magnitudes.
template <class T, class X>
std::vector<std::array<double, 2>> naive_row(svf::svd_factors<T> const& f,
                                             std::vector<double> const& sigma, X const& x,
                                             svf::index_t t) {
  std::vector<std::array<double, 2>> y(std::size_t(f.rows()), {0.0, 0.0});
  for (svf::index_t i = 0; i < f.rank(); ++i) {
    double hidden = 0.0;
    double size = 0.0;
    for (svf::index_t b = 0; b < f.cols(); ++b) {
      double const term = double(f.vt(i, b)) * double(x(t, b));
      hidden += term;
      size += std::abs(term);
    }
    for (svf::index_t a = 0; a < f.rows(); ++a) {
      double const weight = double(f.u(a, i)) * sigma[std::size_t(i)];
      y[std::size_t(a)][0] += weight * hidden;
      y[std::size_t(a)][1] += std::abs(weight) * size;
    }
  }
  return y;
}

// x and y with random orders and leading dimensions; y's padding must stay what it was.
template <class T, class Exec>
void check_mixed(Exec& exec, std::uint64_t seed) {
  svf::generator random(seed, 8);
  auto const rows = svf::index_t(random.below(20));  // none, too
  mixed_problem<T> const p(random, seed * 10, rows, 1 + svf::index_t(random.below(7)));
  auto const& f = p.factors;
  CAPTURE(rows);
  CAPTURE(f.rows());
  CAPTURE(f.cols());
  test::padded<T> const x(rows, f.cols(), random);
  test::padded<T> y(rows, f.rows(), random);
  test::placed<Exec, T> const x_there(exec, x);
  auto const factors = svf::factors_on(exec, f);
  svf::row_selection const selection(exec, p.z.rows(), p.expert_of_row);
  for (bool const nuclear : {false, true}) {
    svf::expert_spectra const spectra(
        exec, factors, p.z, nuclear ? svf::normalisation::nuclear : svf::normalisation::none);
    test::placed<Exec, T> const y_there(exec, y);
    svf::apply_mixed(exec, factors, spectra, selection, svf::as_const(x_there.view), y_there.view);
    auto const before = y.values;
    y_there.fetch(exec, y);
    for (svf::index_t t = 0; t < rows; ++t) {
      auto const sigma = test::naive_spectrum(f, p.z_of(p.expert_of_row[std::size_t(t)]), nuclear);
      auto const expected = naive_row(f, sigma, x.view, t);
      for (svf::index_t a = 0; a < f.rows(); ++a) {
        // n + r + 4 roundings of each of the terms at most.
        double const bound = double(f.cols() + f.rank() + 4) * expected[std::size_t(a)][1] *
                             double(std::numeric_limits<T>::epsilon());
        CHECK(test::close(double(y.view(t, a)), expected[std::size_t(a)][0], bound));
      }
    }
    for (std::size_t i = 0; i < before.size(); ++i) {
      CHECK((y.holds(i) || y.values[i] == before[i]));
    }
  }
}

}  // namespace

TEST_CASE_TEMPLATE("mixed: each row is that of its own expert, in any order of memory", Exec,
                   SVFMATH_TEST_POLICIES) {
  auto exec = test::make_policy<Exec>();
  for (std::uint64_t seed = 1; seed <= 25; ++seed) {
    CAPTURE(seed);
    check_mixed<float>(exec, seed);
    check_mixed<double>(exec, seed);
  }
}

TEST_CASE_TEMPLATE("mixed: rows of one expert have the bits of apply_factored", Exec,
                   SVFMATH_TEST_POLICIES) {
  auto exec = test::make_policy<Exec>();
  for (svf::index_t const rows : {1, 3, 64, 600}) {
    auto const factors = svf::factors_on(exec, test::arbitrary_factors<float>(48, 64, 3));
    svf::matrix<float> z(3, 48);
    auto const values = test::uniform_vector<float>(std::size_t(z.size()), 0.2f, 2.0f, 4);
    std::copy(values.begin(), values.end(), z.data());
    auto const x = svf::matrix_on(exec, test::normal_matrix<float>(rows, 64, 5));
    auto expected = svf::make_matrix<float>(exec, rows, 48);
    auto y = svf::make_matrix<float>(exec, rows, 48);
    auto const z_there = svf::matrix_on(exec, z);
    svf::apply_factored(exec, factors, z_there.view().row(1), x, expected);
    for (svf::index_t const experts : {3, 1}) {
      svf::expert_spectra const spectra(exec, factors,
                                        z.view().rows_range(experts == 1 ? 1 : 0, experts));
      std::vector<int> const chosen(std::size_t(rows), experts == 1 ? 0 : 1);
      svf::apply_mixed(exec, factors, spectra, svf::row_selection(exec, experts, chosen), x, y);
      CHECK(test::max_difference(svf::host_matrix(exec, y), svf::host_matrix(exec, expected)) ==
            0.0);
    }
  }
}

TEST_CASE_TEMPLATE("mixed: rows of mixtures are those of their mixed z", Exec,
                   SVFMATH_TEST_POLICIES) {
  auto exec = test::make_policy<Exec>();
  for (std::uint64_t seed = 1; seed <= 6; ++seed) {
    CAPTURE(seed);
    svf::generator random(seed, 9);
    mixed_problem<double> const p(random, seed * 10, 6, 5);
    auto const& f = p.factors;
    std::vector<int> const offsets{0, 2, 3, 6};
    std::vector<int> const members{4, 0, 2, 1, 3, 1};  // an expert may come twice
    std::vector<float> const weights{0.5f, 0.5f, 2.0f, 0.25f, -0.125f, 0.5f};
    std::vector<int> const mixture_of_row{2, 0, 1, 2, 2, 0};
    auto const x = test::normal_matrix<double>(6, f.cols(), seed);
    auto const factors = svf::factors_on(exec, f);
    svf::expert_mixtures const mixtures(exec, 5, offsets, members, weights);
    svf::row_selection const selection(exec, mixtures.size(), mixture_of_row);
    for (bool const nuclear : {false, true}) {
      svf::expert_spectra const spectra(
          exec, factors, p.z, nuclear ? svf::normalisation::nuclear : svf::normalisation::none);
      auto y_there = svf::make_matrix<double>(exec, 6, f.rows());
      svf::apply_mixed(exec, factors, spectra.mixed(exec, mixtures), selection,
                       svf::matrix_on(exec, x), y_there);
      auto const y = svf::host_matrix(exec, y_there);
      for (svf::index_t t = 0; t < 6; ++t) {
        auto const g = std::size_t(mixture_of_row[std::size_t(t)]);
        std::vector<double> blend(std::size_t(f.rank()), 0.0);
        for (auto i = std::size_t(offsets[g]); i < std::size_t(offsets[g + 1]); ++i) {
          for (std::size_t j = 0; j < blend.size(); ++j) {
            blend[j] += double(weights[i]) * p.z(members[i], svf::index_t(j));
          }
        }
        auto const expected = naive_row(f, test::naive_spectrum(f, blend, nuclear), x, t);
        for (svf::index_t a = 0; a < f.rows(); ++a) {
          // The terms of a mixture are at most twice its sum.
          double const bound =
              2.0 * double(f.cols() + f.rank() + 16) * expected[std::size_t(a)][1] * 2.3e-16;
          CHECK(test::close(y(t, a), expected[std::size_t(a)][0], bound));
        }
      }
    }
  }
}

TEST_CASE_TEMPLATE("mixed: what does not fit is refused, and y stays what it was", Exec,
                   SVFMATH_TEST_POLICIES) {
  auto exec = test::make_policy<Exec>();
  auto const factors = svf::factors_on(exec, test::arbitrary_factors<float>(4, 3, 1));
  auto const wider = svf::factors_on(exec, test::arbitrary_factors<float>(4, 5, 1));
  svf::expert_spectra const spectra(exec, factors, svf::matrix<float>(2, 3));
  svf::expert_spectra const other(exec, wider, svf::matrix<float>(2, 4));
  svf::row_selection const selection(exec, 2, std::vector<int>{0, 1});
  auto const x = svf::matrix_on(exec, svf::matrix<float>(2, 3));
  auto const before = test::normal_matrix<float>(2, 4, 3);
  auto y = svf::matrix_on(exec, before);
  auto const refusal = [&](auto const& s, auto const& chosen, auto const& from, auto& to) {
    try {
      svf::apply_mixed(exec, factors, s, chosen, from, to);
    } catch (svf::error const& e) {
      return std::string(svf::to_string(e.kind())) + ": " + e.what();
    }
    return std::string();
  };
  CHECK(refusal(spectra, selection, y, y) ==
        "shape: apply_mixed: expected x T x 3 and y T x 4, got 2x4 and 2x4");
  CHECK(refusal(other, selection, x, y) == "shape: apply_mixed: expected spectra of rank 3, got 4");
  std::string const expected =
      "shape: apply_mixed: expected a selection for 2 rows among 2 spectra, got one for ";
  CHECK(refusal(spectra, svf::row_selection(exec, 2, std::vector<int>{0, 1, 1}), x, y) ==
        expected + "3 among 2");
  CHECK(refusal(spectra, svf::row_selection(exec, 3, std::vector<int>{0, 1}), x, y) ==
        expected + "2 among 3");
  CHECK(test::max_difference(svf::host_matrix(exec, y), before) == 0.0);
  CHECK(refusal(spectra, selection, x, y) == "");
  CHECK(test::max_difference(svf::host_matrix(exec, y), svf::matrix<float>(2, 4)) == 0.0);
}
