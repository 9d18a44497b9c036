// SPDX-License-Identifier: Apache-2.0
#include <svfmath/factor/factorize.hpp>

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

#include <svfmath/core/transfer.hpp>
#include <svfmath/factor/accuracy.hpp>

#include <support/cpu_policies.hpp>
#include <support/random.hpp>
#include <support/spectra.hpp>

namespace {

using svf::index_t;

svf::matrix<double> widened(svf::matrix<float> const& w) {
  svf::matrix<double> result(w.rows(), w.cols());
  std::copy_n(w.data(), w.size(), result.data());
  return result;
}

// Where W is zero, measure_accuracy has nothing to divide by and reports 0. For denormal W, r
// values of σ are rounded by half of the smallest number of T each, whatever ‖W‖_F is.
template <class T>
void check_errors(svf::cpu::par& exec, svf::matrix<T> const& w, svf::svd_factors<T> const& f,
                  double allowed) {
  auto const errors = svf::measure_accuracy(exec, w, f);
  double length = 0.0;
  for (index_t i = 0; i < w.size(); ++i) {
    length = std::hypot(length, double(w.data()[i]));
  }
  double const granularity = std::sqrt(double(f.rank())) *
                             double(std::numeric_limits<T>::denorm_min()) / 2.0 /
                             std::max(length, double(std::numeric_limits<T>::denorm_min()));
  CHECK(errors.reconstruction <= allowed + granularity);
  CHECK(errors.orthogonality <= allowed);
  CHECK(std::is_sorted(f.s.data(), f.s.data() + f.rank(), std::greater<>()));
  CHECK(f.s[f.rank() - 1] >= T(0));
}

// σ of the default against that of another method in double, relative to σ_1.
void check_sigma(svf::svd_factors<float> const& f, svf::svd_factors<double> const& reference) {
  double worst = 0.0;
  for (index_t i = 0; i < f.rank(); ++i) {
    worst = std::max(worst, std::abs(double(f.s[i]) - reference.s[i]));
  }
  // A float rounds by 6e-8 of its size, a denormal one by the spacing of floats.
  CHECK(worst <= 1e-6 * reference.s[0] + double(std::numeric_limits<float>::denorm_min()));
}

void check_both(svf::cpu::par& exec, svf::matrix<float> const& w) {
  auto const f = svf::factorize(exec, w);
  check_errors(exec, w, f, 1e-6);
  auto const wide = widened(w);
  auto const full = svf::factorize(exec, wide, {.accuracy = svf::svd_accuracy::full});
  check_errors(exec, wide, full, 1e-13);
  check_sigma(f, full);
}

}  // namespace

TEST_CASE("factorize: 1e-6 in float, with full accuracy 1e-13 in double, on 17 kinds of matrix") {
  svf::cpu::par exec(2);
  for (auto const& [m, n] : std::vector<std::pair<index_t, index_t>>{
           {1, 1}, {1, 33}, {33, 1}, {8, 8}, {8, 40}, {40, 8}, {129, 65}, {65, 129}, {150, 150}}) {
    CAPTURE(m);
    CAPTURE(n);
    for (auto const& each : test::hard_matrices(m, n)) {
      CAPTURE(each.name);
      check_both(exec, each.w);
    }
    auto w = test::uniform_vector<float>(std::size_t(m * n), -1e37f, 1e37f, 5);
    svf::matrix<float> huge(m, n);  // σ_1 <= 1e37 √(mn) may not leave the range of float
    std::copy(w.begin(), w.end(), huge.data());
    if (m * n <= 1000) {
      CAPTURE("entries of 1e37");
      check_both(exec, huge);
    }
  }
}

TEST_CASE("factorize: large matrices of every kind that a formula gives") {
  svf::cpu::par exec(2);
  for (auto const& [m, n] : std::vector<std::pair<index_t, index_t>>{
           {512, 512}, {1024, 1024}, {1024, 96}, {96, 1024}, {2048, 9}}) {
    CAPTURE(m);
    CAPTURE(n);
    auto const gaussian = test::normal_matrix<float>(m, n, 1);
    auto const made_by = [&](auto const& f) {
      svf::matrix<float> w(m, n);
      for (index_t i = 0; i < m; ++i) {
        for (index_t j = 0; j < n; ++j) {
          w(i, j) = float(f(i, j, double(gaussian(i, j))));
        }
      }
      return w;
    };
    auto const check = [&](char const* name, svf::matrix<float> const& w) {
      CAPTURE(name);
      check_errors(exec, w, svf::factorize(exec, w), 1e-6);
    };
    check("gaussian", gaussian);
    check("one large direction, the rest 1e-6", made_by([](index_t i, index_t j, double x) {
            return std::sin(1.0 + double(i)) * std::cos(2.0 + double(j)) + 1e-6 * x;
          }));
    check("blocks of equal singular values", made_by([](index_t i, index_t j, double) {
            return i == j ? double(1 + i % 4) : 0.0;
          }));
    if (m * n > 512 * 1024) {
      continue;  // the others differ from smaller ones in nothing but the minutes they take
    }
    check("rank one in integers", made_by([](index_t i, index_t j, double) {
            return double((i % 7 - 3) * (j % 5 - 2));
          }));
    check("equal columns", made_by([&](index_t i, index_t j, double) {
            return double(gaussian(i, j / 2));
          }));
    check("zero columns", made_by([](index_t, index_t j, double x) {
            return j % 3 == 0 ? 0.0 : x;
          }));
    check("columns graded to 1e-30", made_by([&](index_t, index_t j, double x) {
            return x * std::pow(10.0, -30.0 * double(j) / double(n));
          }));
    check("identity", made_by([](index_t i, index_t j, double) { return i == j ? 1.0 : 0.0; }));
    check("entries of 1e-40", made_by([](index_t, index_t, double x) { return 1e-40 * x; }));
    check("entries of 1e36", made_by([](index_t, index_t, double x) { return 1e36 * x; }));
  }
}
