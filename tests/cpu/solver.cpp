// SPDX-License-Identifier: Apache-2.0
#include <svfmath/cpu/solver.hpp>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <string>

#include <doctest/doctest.h>

#include "support/close.hpp"
#include "support/instantiations.hpp"
#include "support/random.hpp"

using svf::index_t;

namespace {

// max |QᵀQ − I| over the columns of Q, in double.
template <class T>
double orthogonality(svf::matrix_view<T const> q) {
  double worst = 0.0;
  for (index_t i = 0; i < q.cols; ++i) {
    for (index_t j = 0; j <= i; ++j) {
      double dot = i == j ? -1.0 : 0.0;
      for (index_t k = 0; k < q.rows; ++k) {
        dot += double(q(k, i)) * double(q(k, j));
      }
      worst = std::max(worst, std::abs(dot));
    }
  }
  return worst;
}

// ‖L diag(d) R − A‖_F / ‖A‖_F in double.
template <class T>
double residual(svf::matrix_view<T const> l, svf::vector_view<T const> d,
                svf::matrix_view<T const> r, svf::matrix_view<T const> a) {
  double difference = 0.0;
  double norm = 0.0;
  for (index_t i = 0; i < a.rows; ++i) {
    for (index_t j = 0; j < a.cols; ++j) {
      double sum = 0.0;
      for (index_t k = 0; k < d.size; ++k) {
        sum += double(l(i, k)) * double(d[k]) * double(r(k, j));
      }
      difference += (sum - double(a(i, j))) * (sum - double(a(i, j)));
      norm += double(a(i, j)) * double(a(i, j));
    }
  }
  return std::sqrt(difference / norm);
}

}  // namespace

TEST_CASE_TEMPLATE("solver: eigh gives ascending eigenvalues and orthonormal vectors", T, float,
                   double) {
  svf::cpu::seq seq;
  svf::cpu::par par(2);
  double const epsilon = double(std::numeric_limits<T>::epsilon());
  for (index_t const n : {1, 2, 13, 60}) {
    auto const b = test::normal_matrix<T>(n, n, 31);
    svf::matrix<T> a(n, n);
    for (index_t i = 0; i < n; ++i) {
      for (index_t j = 0; j < n; ++j) {
        a(i, j) = (b(i, j) + b(j, i)) / T(2);
      }
    }
    svf::vector<T> values(n);
    svf::matrix<T> q(n, n);
    svf::cpu::eigh(seq, a.view(), values.view(), q.view());
    CHECK(std::is_sorted(values.begin(), values.end()));
    CHECK(orthogonality<T>(q.view()) <= 10.0 * double(n) * epsilon);
    CHECK(residual<T>(q.view(), values.view(), svf::transposed(q.view()), a.view()) <=
          10.0 * double(n) * epsilon);

    // In place, on the other policy, and with the upper triangle unread: the same bits.
    svf::vector<T> par_values(n);
    svf::matrix<T> in_place = a;
    for (index_t i = 0; i < n; ++i) {
      for (index_t j = i + 1; j < n; ++j) {
        in_place(i, j) = std::numeric_limits<T>::quiet_NaN();
      }
    }
    svf::cpu::eigh(par, in_place.view(), par_values.view(), in_place.view());
    CHECK(test::max_difference(values, par_values) == 0.0);
    CHECK(test::max_difference(q, in_place) == 0.0);
  }
}

TEST_CASE("solver: eigh knows the second difference's eigenvalues") {
  // tridiag(−1, 2, −1) of size n has the eigenvalues 2 − 2 cos(k π / (n + 1)).
  svf::cpu::seq seq;
  constexpr index_t n = 40;
  svf::matrix<double> a(n, n);
  for (index_t i = 0; i < n; ++i) {
    a(i, i) = 2.0;
    if (i > 0) {
      a(i, i - 1) = a(i - 1, i) = -1.0;
    }
  }
  svf::vector<double> values(n);
  svf::matrix<double> q(n, n);
  svf::cpu::eigh(seq, a.view(), values.view(), q.view());
  for (index_t k = 0; k < n; ++k) {
    double const exact = 2.0 - 2.0 * std::cos(double(k + 1) * M_PI / double(n + 1));
    CHECK(test::close(values[k], exact, 100.0 * std::numeric_limits<double>::epsilon()));
  }
}

TEST_CASE_TEMPLATE("solver: svd by both direct methods, tall, wide and square", T, float, double) {
  svf::cpu::seq seq;
  svf::cpu::par par(2);
  double const epsilon = double(std::numeric_limits<T>::epsilon());
  for (auto const method :
       {svf::cpu::direct_svd::divide_and_conquer, svf::cpu::direct_svd::jacobi}) {
    for (auto const& [m, n] : {std::pair<index_t, index_t>{1, 1}, {1, 6}, {40, 25}, {25, 40}}) {
      index_t const r = std::min(m, n);
      auto const a = test::normal_matrix<T>(m, n, 41);
      svf::matrix<T> u(m, r);
      svf::matrix<T> vt(r, n);
      svf::vector<T> s(r);
      svf::cpu::svd(seq, method, a.view(), u.view(), s.view(), vt.view());
      CHECK(std::is_sorted(s.begin(), s.end(), std::greater<>{}));
      CHECK(s[r - 1] >= T(0));
      double const allowed = 20.0 * double(std::max(m, n)) * epsilon;
      CHECK(orthogonality<T>(u.view()) <= allowed);
      CHECK(orthogonality<T>(svf::transposed(vt.view())) <= allowed);
      CHECK(residual<T>(u.view(), s.view(), vt.view(), a.view()) <= allowed);

      svf::matrix<T> par_u(m, r);
      svf::matrix<T> par_vt(r, n);
      svf::vector<T> par_s(r);
      svf::cpu::svd(par, method, a.view(), par_u.view(), par_s.view(), par_vt.view());
      CHECK(test::max_difference(u, par_u) == 0.0);
      CHECK(test::max_difference(s, par_s) == 0.0);
      CHECK(test::max_difference(vt, par_vt) == 0.0);
    }
  }
}

TEST_CASE("solver: outputs that do not fit are refused") {
  svf::cpu::seq seq;
  svf::matrix<double> a(4, 3);
  svf::matrix<double> u(4, 3);
  svf::matrix<double> vt(3, 3);
  svf::matrix<double> square(3, 3);
  svf::vector<double> s(3);
  svf::vector<double> too_long(4);
  CHECK_THROWS_AS(svf::cpu::svd(seq, svf::cpu::direct_svd::jacobi, a.view(), u.view(),
                                too_long.view(), vt.view()),
                  svf::error);
  CHECK_THROWS_AS(svf::cpu::svd(seq, svf::cpu::direct_svd::jacobi, a.view(), vt.view(), s.view(),
                                vt.view()),
                  svf::error);
  CHECK_THROWS_AS(svf::cpu::eigh(seq, a.view(), s.view(), square.view()), svf::error);
  CHECK_THROWS_AS(svf::cpu::eigh(seq, square.view(), too_long.view(), square.view()), svf::error);
}

TEST_CASE_TEMPLATE("solver: svd by divide and conquer where Eigen 3.4's own answer is wrong", T,
                   float, double) {
  svf::cpu::seq seq;
  double const epsilon = double(std::numeric_limits<T>::epsilon());
  auto const check = [&](svf::matrix<T> const& a) {
    index_t const r = std::min(a.rows(), a.cols());
    svf::matrix<T> u(a.rows(), r);
    svf::matrix<T> vt(r, a.cols());
    svf::vector<T> s(r);
    svf::cpu::svd(seq, svf::cpu::direct_svd::divide_and_conquer, a.view(), u.view(), s.view(),
                  vt.view());
    double const allowed = 30.0 * double(std::max(a.rows(), a.cols())) * epsilon;
    CHECK(orthogonality<T>(u.view()) <= allowed);
    CHECK(orthogonality<T>(svf::transposed(vt.view())) <= allowed);
    CHECK(residual<T>(u.view(), s.view(), vt.view(), a.view()) <= allowed);
  };
  svf::matrix<T> ones(71, 68);
  std::fill_n(ones.data(), ones.size(), T(1));
  check(ones);
  for (std::uint64_t seed = 0; seed < 40; ++seed) {
    CAPTURE(seed);
    svf::random_stream const random(seed);
    index_t const n = 15 + index_t(random.below(1000, 20));
    svf::matrix<T> sparse(n, n);  // about a tenth of the elements is not 0
    for (index_t i = 0; i < sparse.size(); ++i) {
      auto const at = std::uint64_t(i);
      sparse.data()[i] = random.uniform(2 * at) < 0.1 ? T(random.uniform(2 * at + 1) - 0.5) : T(0);
    }
    sparse(0, 0) = T(1);  // not the zero matrix
    check(sparse);
  }
}

TEST_CASE_TEMPLATE("solver: qr gives the basis of the columns in their order, diag(R) >= 0", T,
                   float, double) {
  svf::cpu::seq seq;
  double const epsilon = double(std::numeric_limits<T>::epsilon());
  for (auto const& [m, k] : {std::pair<index_t, index_t>{1, 1}, {7, 7}, {30, 4}, {25, 24}}) {
    auto const x = test::normal_matrix<T>(m, k, 51);
    for (bool const by_columns : {false, true}) {
      svf::matrix<T> q(by_columns ? k : m, by_columns ? m : k);
      auto const view = by_columns ? svf::transposed(q.view()) : q.view();
      for (index_t i = 0; i < m; ++i) {
        for (index_t j = 0; j < k; ++j) {
          view(i, j) = x(i, j);
        }
      }
      svf::cpu::qr(seq, view);
      double const allowed = 20.0 * double(m) * epsilon;
      CHECK(orthogonality<T>(view) <= allowed);
      // R = QᵀX: upper triangular with a diagonal >= 0, and QR = X.
      double norm = 0.0;
      for (index_t i = 0; i < x.size(); ++i) {
        norm += double(x.data()[i]) * double(x.data()[i]);
      }
      svf::matrix<double> r(k, k);
      for (index_t i = 0; i < k; ++i) {
        for (index_t j = 0; j < k; ++j) {
          for (index_t l = 0; l < m; ++l) {
            r(i, j) += double(view(l, i)) * double(x(l, j));
          }
          if (j < i) {
            CHECK(std::abs(r(i, j)) <= allowed * std::sqrt(norm));
          }
        }
        CHECK(r(i, i) >= 0.0);
      }
      for (index_t i = 0; i < m; ++i) {
        for (index_t j = 0; j < k; ++j) {
          double sum = 0.0;
          for (index_t l = 0; l < k; ++l) {
            sum += double(view(i, l)) * r(l, j);
          }
          CHECK(std::abs(sum - double(x(i, j))) <= allowed * std::sqrt(norm));
        }
      }
    }
  }
  // Rank-deficient columns still give an orthonormal basis; wide ones have none.
  svf::matrix<T> repeated(6, 3);
  std::fill_n(repeated.data(), repeated.size(), T(2));
  svf::cpu::qr(seq, repeated.view());
  CHECK(orthogonality<T>(repeated.view()) <= 120.0 * epsilon);
  svf::matrix<T> wide(2, 3);
  CHECK_THROWS_AS(svf::cpu::qr(seq, wide.view()), svf::error);
}

TEST_CASE("solver: eigh refuses NaN and infinity, and names where they are") {
  svf::cpu::seq seq;
  for (double const bad : {std::nan(""), std::numeric_limits<double>::infinity()}) {
    svf::matrix<double> a(3, 3);
    svf::matrix<double> q(3, 3);
    svf::vector<double> values(3);
    a(2, 1) = bad;
    std::string message;
    try {
      svf::cpu::eigh(seq, a.view(), values.view(), q.view());
    } catch (svf::error const& e) {
      message = e.what();
    }
    CHECK(message.find("at (2,1)") != std::string::npos);
  }
}
