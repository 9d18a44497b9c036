// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include <svfmath/cpu.hpp>
#include <svfmath/factor/accuracy.hpp>
#include <svfmath/factor/factorize.hpp>

#include <support/close.hpp>
#include <support/random.hpp>
#include <support/spectra.hpp>

namespace {

using factors = svf::svd_factors<float>;
using extents = std::pair<svf::index_t, svf::index_t>;

constexpr std::array methods = {svf::svd_method::gram, svf::svd_method::divide_and_conquer,
                                svf::svd_method::jacobi};

bool same_bits(svf::matrix<float> const& a, svf::matrix<float> const& b) {
  return a.size() == b.size() &&
         std::memcmp(a.data(), b.data(), std::size_t(a.size()) * sizeof(float)) == 0;
}

// What is promised for every method and every kind of input.
template <class T>
void check_promises(svf::matrix<T> const& w, svf::svd_factors<T> const& f, double tolerance) {
  svf::cpu::seq exec;
  svf::validate(f, "test");
  auto const accuracy = svf::measure_accuracy(exec, w, f);
  CHECK(accuracy.reconstruction <= tolerance);
  CHECK(accuracy.orthogonality <= tolerance);
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

void check_singular_values(svf::matrix<float> const& w, factors const& f) {
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

}  // namespace

TEST_CASE("factorize: the gram method keeps its promises on all 17 kinds of matrix") {
  svf::cpu::seq exec;
  for (auto const& shape : {extents{96, 96}, extents{160, 80}}) {
    svf::index_t const m = shape.first;
    svf::index_t const n = shape.second;
    for (auto const& each : test::hard_matrices(m, n)) {
      auto const& w = each.w;
      CAPTURE(each.name);
      CAPTURE(m);
      auto const f = svf::factorize(exec, w);
      check_promises(w, f, 1e-6);
      check_singular_values(w, f);
      auto const wt = transpose(w);
      check_promises(wt, svf::factorize(exec, wt), 1e-6);
    }
  }
}

TEST_CASE("factorize: the direct methods keep the same promises") {
  svf::cpu::seq exec;
  for (auto const& each : test::hard_matrices(48, 32)) {
    auto const& w = each.w;
    CAPTURE(each.name);
    for (auto const method : {svf::svd_method::divide_and_conquer, svf::svd_method::jacobi}) {
      CAPTURE(svf::to_string(method));
      auto const f = svf::factorize(exec, w, {method});
      check_promises(w, f, 1e-6);
      check_singular_values(w, f);
      auto const wt = transpose(w);
      check_promises(wt, svf::factorize(exec, wt, {method}), 1e-6);
    }
  }
}

TEST_CASE("factorize: small and narrow shapes") {
  svf::cpu::seq exec;
  for (auto const& shape : {extents{1, 1}, extents{1, 9}, extents{9, 1}, extents{2, 2},
                            extents{2, 3}, extents{7, 2}}) {
    svf::index_t const m = shape.first;
    svf::index_t const n = shape.second;
    CAPTURE(m);
    CAPTURE(n);
    auto const w = test::normal_matrix<float>(m, n, 3);
    for (auto const method : methods) {
      auto const f = svf::factorize(exec, w, {method});
      check_promises(w, f, 1e-6);
      check_singular_values(w, f);
    }
    svf::matrix<float> const zero(m, n);
    check_promises(zero, svf::factorize(exec, zero), 1e-6);
  }
}

TEST_CASE("factorize: random shapes and ranks") {
  svf::cpu::seq exec;
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
    auto const f = svf::factorize(exec, w);
    check_promises(w, f, 1e-6);
    check_singular_values(w, f);
  }
}

TEST_CASE("factorize: the same bits on one thread, on three, and in either order of memory") {
  svf::cpu::seq one;
  svf::cpu::par three(3);
  for (auto const& each : test::hard_matrices(140, 70)) {
    auto const& w = each.w;
    CAPTURE(each.name);
    auto const a = svf::factorize(one, w);
    auto const b = svf::factorize(three, w);
    CHECK(same_bits(a.u, b.u));
    CHECK(same_bits(a.vt, b.vt));
    CHECK(test::max_difference(a.s, b.s) == 0.0);
  }
  auto const w = test::normal_matrix<float>(30, 20, 5);
  auto const stored_by_column = transpose(w);
  auto const a = svf::factorize(one, w);
  auto const b = svf::factorize(one, svf::transposed(stored_by_column.view()));
  CHECK(same_bits(a.u, b.u));
  CHECK(same_bits(a.vt, b.vt));
}

TEST_CASE("factorize: many matrices at once, one on each thread") {
  svf::cpu::par threads(3);
  std::vector<svf::matrix<float>> weights;
  for (std::uint64_t k = 0; k < 12; ++k) {
    weights.push_back(test::normal_matrix<float>(24 + svf::index_t(k), 24, k));
  }
  std::vector<factors> together(weights.size());
  for_each_index(threads, svf::index_t(weights.size()), [&](svf::index_t k) {
    svf::cpu::seq exec;
    together[std::size_t(k)] = svf::factorize(exec, weights[std::size_t(k)]);
  });
  svf::cpu::seq exec;
  for (std::size_t k = 0; k < weights.size(); ++k) {
    auto const alone = svf::factorize(exec, weights[k]);
    CHECK(same_bits(alone.u, together[k].u));
    CHECK(same_bits(alone.vt, together[k].vt));
  }
}

TEST_CASE("factorize: matrices of double, within what each method promises") {
  svf::cpu::seq exec;
  auto const w = test::normal_matrix<double>(60, 40, 9);
  auto const gram_promises = [&](svf::matrix<double> const& a) {
    auto const f = svf::factorize(exec, a);
    check_promises(a, f, 1e-7);  // the signs and the order of σ too
    double const rounding = 1e-13 * std::sqrt(double(f.rank()));
    CHECK(svf::measure_accuracy(exec, a, f).reconstruction <= rounding);
    auto const exact = svf::factorize(exec, a, {svf::svd_method::jacobi});
    for (svf::index_t i = 0; i < f.rank(); ++i) {
      CHECK(std::abs(f.s[i] - exact.s[i]) <= 1e-13 * exact.s[0]);
    }
  };
  gram_promises(w);
  CHECK(svf::measure_accuracy(exec, w, svf::factorize(exec, w)).orthogonality <= 1e-12);
  // Columns graded to 1e-12: half of the digits of AᵀA are gone.
  auto graded = w;
  for (svf::index_t i = 0; i < 60; ++i) {
    for (svf::index_t j = 0; j < 40; ++j) {
      graded(i, j) *= std::pow(10.0, -12.0 * double(j) / 39.0);
    }
  }
  gram_promises(graded);
  for (auto const method : {svf::svd_method::divide_and_conquer, svf::svd_method::jacobi}) {
    check_promises(w, svf::factorize(exec, w, {method}), 1e-13);
  }
  for (double const size : {1e300, 1e-300}) {
    auto scaled = w;
    for (svf::index_t i = 0; i < w.size(); ++i) {
      scaled.data()[i] *= size;
    }
    check_promises(scaled, svf::factorize(exec, scaled), 1e-6);
  }
}

TEST_CASE("factorize: NaN and infinity are refused, naming the first one's place") {
  svf::cpu::par exec(2);
  for (float const bad : {std::nanf(""), std::numeric_limits<float>::infinity(),
                          -std::numeric_limits<float>::infinity()}) {
    auto w = test::normal_matrix<float>(150, 120, 4);
    w(93, 7) = bad;
    w(93, 90) = bad;
    w(140, 0) = bad;
    for (auto const method : methods) {
      try {
        svf::factorize(exec, w, {method});
        FAIL("accepted");
      } catch (svf::error const& e) {
        CHECK(e.kind() == svf::error_kind::numeric);
        CHECK(std::string(e.what()).find("at (93,7)") != std::string::npos);
      }
    }
  }
}

TEST_CASE("factorize: matrices without elements and singular values beyond float are refused") {
  svf::cpu::seq exec;
  for (auto const& shape : {extents{0, 0}, extents{0, 4}, extents{4, 0}}) {
    try {
      svf::factorize(exec, svf::matrix<float>(shape.first, shape.second));
      FAIL("accepted");
    } catch (svf::error const& e) {
      CHECK(e.kind() == svf::error_kind::shape);
    }
  }
  svf::matrix<float> w(4, 4);
  for (svf::index_t i = 0; i < w.size(); ++i) {
    w.data()[i] = 3e38f;
  }
  CHECK_THROWS_AS(svf::factorize(exec, w), svf::error);
}
