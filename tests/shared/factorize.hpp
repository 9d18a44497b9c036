// SPDX-License-Identifier: Apache-2.0
#pragma once

/// Bodies for every backend; the including unit names its policies in SVFMATH_TEST_POLICIES.
#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <limits>
#include <string>
#include <utility>

#include <doctest/doctest.h>
#include <svfmath/core/transfer.hpp>
#include <svfmath/factor/factorize.hpp>

#include <support/close.hpp>
#include <support/exactness.hpp>
#include <support/random.hpp>
#include <support/spectra.hpp>

namespace {

using extents = std::pair<svf::index_t, svf::index_t>;

constexpr std::array methods = {svf::svd_method::gram, svf::svd_method::divide_and_conquer,
                                svf::svd_method::jacobi};

// What is promised for every method and every kind of input.
template <class T>
void check_promises(svf::matrix<T> const& w, svf::svd_factors<T> const& f, double tolerance) {
  svf::validate(f, "test");
  CHECK(test::reconstruction<T>(f, w.view()) <= tolerance);
  CHECK(test::orthogonality(f) <= tolerance);
  for (svf::index_t i = 0; i < f.rank(); ++i) {
    CHECK(f.s[i] >= T(0));
    CHECK((i == 0 || f.s[i - 1] >= f.s[i]));
    T most_positive = T(0);
    T most_negative = T(0);
    for (svf::index_t j = 0; j < f.cols(); ++j) {
      most_positive = std::max(most_positive, f.vt(i, j));
      most_negative = std::min(most_negative, f.vt(i, j));
    }
    CHECK(most_positive >= -most_negative * T(1.0 - 2e-6));
  }
}

void check_singular_values(svf::matrix<float> const& w, svf::svd_factors<float> const& f) {
  auto const expected = test::reference_singular_values(w);
  double const largest = expected.front();
  for (svf::index_t i = 0; i < f.rank(); ++i) {
    // float rounding of σ_i and, for matrices of denormals, the spacing of floats
    double const tolerance = 1.2e-7 * largest + double(std::numeric_limits<float>::denorm_min());
    CHECK(test::close(double(f.s[i]), expected[std::size_t(i)], tolerance));
  }
}

svf::matrix<float> transpose(svf::matrix<float> const& w) {
  svf::matrix<float> result(w.cols(), w.rows());
  for (svf::index_t i = 0; i < w.rows(); ++i) {
    for (svf::index_t j = 0; j < w.cols(); ++j) {
      result(j, i) = w(i, j);
    }
  }
  return result;
}

// Factors of a host matrix, on the host, computed where the policy computes.
template <class Exec, class T>
svf::svd_factors<T> factorized(Exec& exec, svf::matrix<T> const& w,
                               svf::svd_method method = svf::svd_method::gram) {
  auto const there = svf::matrix_on(exec, w);
  return svf::host_factors(exec, svf::factorize(exec, there, {method}));
}

}  // namespace

TEST_CASE_TEMPLATE("factorize: the gram method keeps its promises on all 17 kinds of matrix", Exec,
                   SVFMATH_TEST_POLICIES) {
  auto exec = test::make_policy<Exec>();
  for (auto const& shape : {extents{96, 96}, extents{160, 80}}) {
    svf::index_t const m = shape.first;
    svf::index_t const n = shape.second;
    for (auto const& each : test::hard_matrices(m, n)) {
      auto const& w = each.w;
      CAPTURE(each.name);
      CAPTURE(m);
      auto const f = factorized(exec, w);
      check_promises(w, f, 1e-6);
      check_singular_values(w, f);
      auto const wt = transpose(w);
      check_promises(wt, factorized(exec, wt), 1e-6);
    }
  }
}

TEST_CASE_TEMPLATE("factorize: the direct methods keep the same promises", Exec,
                   SVFMATH_TEST_POLICIES) {
  auto exec = test::make_policy<Exec>();
  for (auto const& each : test::hard_matrices(48, 32)) {
    auto const& w = each.w;
    CAPTURE(each.name);
    for (auto const method : {svf::svd_method::divide_and_conquer, svf::svd_method::jacobi}) {
      CAPTURE(svf::to_string(method));
      auto const f = factorized(exec, w, method);
      check_promises(w, f, 1e-6);
      check_singular_values(w, f);
      auto const wt = transpose(w);
      check_promises(wt, factorized(exec, wt, method), 1e-6);
    }
  }
}

TEST_CASE_TEMPLATE("factorize: small and narrow shapes", Exec, SVFMATH_TEST_POLICIES) {
  auto exec = test::make_policy<Exec>();
  for (auto const& shape : {extents{1, 1}, extents{1, 9}, extents{9, 1}, extents{2, 2},
                            extents{2, 3}, extents{7, 2}}) {
    svf::index_t const m = shape.first;
    svf::index_t const n = shape.second;
    CAPTURE(m);
    CAPTURE(n);
    auto const w = test::normal_matrix<float>(m, n, 3);
    for (auto const method : methods) {
      CAPTURE(svf::to_string(method));
      auto const f = factorized(exec, w, method);
      check_promises(w, f, 1e-6);
      check_singular_values(w, f);
    }
    svf::matrix<float> const zero(m, n);
    check_promises(zero, factorized(exec, zero), 1e-6);
  }
}

TEST_CASE_TEMPLATE("factorize: random shapes and ranks", Exec, SVFMATH_TEST_POLICIES) {
  auto exec = test::make_policy<Exec>();
  for (std::uint64_t seed = 0; seed < 40; ++seed) {
    CAPTURE(seed);
    svf::generator random(seed, 7);
    auto const m = svf::index_t(1 + random.below(40));
    auto const n = svf::index_t(1 + random.below(40));
    auto const rank = svf::index_t(random.below(std::uint64_t(std::min(m, n)) + 1));
    double const decay = std::pow(10.0, -10.0 * random.uniform());
    auto const w = test::with_spectrum(m, n, seed, [&](svf::index_t i) {
      return i < rank ? std::pow(decay, double(i) / 8.0) : 0.0;
    });
    auto const f = factorized(exec, w);
    check_promises(w, f, 1e-6);
    check_singular_values(w, f);
  }
}

TEST_CASE_TEMPLATE("factorize: matrices of double, within what each method promises", Exec,
                   SVFMATH_TEST_POLICIES) {
  auto exec = test::make_policy<Exec>();
  auto const w = test::normal_matrix<double>(60, 40, 9);
  auto const gram_promises = [&](svf::matrix<double> const& a) {
    auto const f = factorized(exec, a);
    check_promises(a, f, 1e-7);  // the signs and the order of σ too
    CHECK(test::reconstruction<double>(f, a.view()) <= 1e-13 * std::sqrt(double(f.rank())));
    auto const exact = factorized(exec, a, svf::svd_method::jacobi);
    for (svf::index_t i = 0; i < f.rank(); ++i) {
      CHECK(std::abs(f.s[i] - exact.s[i]) <= 1e-13 * exact.s[0]);
    }
  };
  gram_promises(w);
  CHECK(test::orthogonality(factorized(exec, w)) <= 1e-12);
  // Columns graded to 1e-12: half of the digits of AᵀA are gone.
  auto graded = w;
  for (svf::index_t i = 0; i < 60; ++i) {
    for (svf::index_t j = 0; j < 40; ++j) {
      graded(i, j) *= std::pow(10.0, -12.0 * double(j) / 39.0);
    }
  }
  gram_promises(graded);
  for (auto const method : {svf::svd_method::divide_and_conquer, svf::svd_method::jacobi}) {
    CAPTURE(svf::to_string(method));
    check_promises(w, factorized(exec, w, method), 1e-13);
  }
  for (double const size : {1e300, 1e-300}) {
    CAPTURE(size);
    auto scaled = w;
    for (svf::index_t i = 0; i < w.size(); ++i) {
      scaled.data()[i] *= size;
    }
    check_promises(scaled, factorized(exec, scaled), 1e-6);
  }
}

TEST_CASE_TEMPLATE("factorize: the same bits from either order of memory, and again", Exec,
                   SVFMATH_TEST_POLICIES) {
  auto exec = test::make_policy<Exec>();
  auto const w = test::normal_matrix<float>(130, 90, 5);
  auto const by_columns = svf::matrix_on(exec, transpose(w));
  auto const a = factorized(exec, w);
  auto const again = factorized(exec, w);
  auto const b = svf::host_factors(
      exec, svf::factorize(exec, svf::transposed(by_columns.view())));
  for (auto const* const other : {&again, &b}) {
    CHECK(test::max_difference(a.u, other->u) == 0.0);
    CHECK(test::max_difference(a.s, other->s) == 0.0);
    CHECK(test::max_difference(a.vt, other->vt) == 0.0);
  }
}

TEST_CASE_TEMPLATE("factorize: NaN and infinity are refused, naming the first one's place", Exec,
                   SVFMATH_TEST_POLICIES) {
  auto exec = test::make_policy<Exec>();
  for (float const bad : {std::nanf(""), std::numeric_limits<float>::infinity(),
                          -std::numeric_limits<float>::infinity()}) {
    auto w = test::normal_matrix<float>(150, 120, 4);
    w(93, 7) = bad;
    w(93, 90) = bad;
    w(140, 0) = bad;
    for (auto const method : methods) {
      try {
        factorized(exec, w, method);
        FAIL("accepted");
      } catch (svf::error const& e) {
        CHECK(e.kind() == svf::error_kind::numeric);
        CHECK(std::string(e.what()).find("at (93,7)") != std::string::npos);
      }
    }
  }
}

TEST_CASE_TEMPLATE("factorize: matrices without elements and singular values beyond float are "
                   "refused, and the policy goes on working",
                   Exec, SVFMATH_TEST_POLICIES) {
  auto exec = test::make_policy<Exec>();
  for (auto const& shape : {extents{0, 0}, extents{0, 4}, extents{4, 0}}) {
    try {
      factorized(exec, svf::matrix<float>(shape.first, shape.second));
      FAIL("accepted");
    } catch (svf::error const& e) {
      CHECK(e.kind() == svf::error_kind::shape);
    }
  }
  svf::matrix<float> w(4, 4);
  std::fill_n(w.data(), w.size(), 3e38f);
  CHECK_THROWS_AS(factorized(exec, w), svf::error);
  auto const fine = test::normal_matrix<float>(4, 4, 1);
  check_promises(fine, factorized(exec, fine), 1e-6);
}
