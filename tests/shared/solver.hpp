// SPDX-License-Identifier: Apache-2.0
#pragma once

/// Bodies for every backend; the including unit names its policies in SVFMATH_TEST_POLICIES.
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <functional>
#include <iterator>
#include <limits>
#include <string>
#include <utility>

#include <doctest/doctest.h>
#include <svfmath/core/concepts.hpp>
#include <svfmath/core/transfer.hpp>

#include <support/close.hpp>
#include <support/exactness.hpp>
#include <support/random.hpp>

namespace {

using svf::index_t;

template <class T>
svf::matrix<T> symmetric_matrix(index_t n) {
  auto const b = test::normal_matrix<T>(n, n, 31);
  svf::matrix<T> a(n, n);
  for (index_t i = 0; i < n; ++i) {
    for (index_t j = 0; j < n; ++j) {
      a(i, j) = (b(i, j) + b(j, i)) / T(2);
    }
  }
  return a;
}

template <class T, class Exec>
void check_eigh(Exec& exec, index_t n) {
  auto a = symmetric_matrix<T>(n);
  double const allowed = 10.0 * double(n + 10) * double(std::numeric_limits<T>::epsilon());
  auto values = svf::make_vector<T>(exec, n);
  auto vectors = svf::make_matrix<T>(exec, n, n);
  eigh(exec, svf::matrix_on(exec, a).view(), values.view(), vectors.view());
  auto const lambda = svf::host_vector(exec, values);
  auto const q = svf::host_matrix(exec, vectors);
  CHECK(std::is_sorted(lambda.begin(), lambda.end()));
  CHECK(test::orthogonality<T>(q.view()) <= allowed);
  CHECK(test::residual<T>(q.view(), lambda.view(), svf::transposed(q.view()), a.view()) <= allowed);

  // In place, in either order, and with the upper triangle unread: the same.
  for (index_t i = 0; i < n; ++i) {
    for (index_t j = i + 1; j < n; ++j) {
      a(i, j) = std::numeric_limits<T>::quiet_NaN();
    }
  }
  auto in_place = svf::matrix_on(exec, a);
  eigh(exec, in_place.view(), values.view(), in_place.view());
  CHECK(test::max_difference(svf::host_vector(exec, values), lambda) == 0.0);
  CHECK(test::max_difference(svf::host_matrix(exec, in_place), q) == 0.0);
  in_place = svf::matrix_on(exec, svf::transposed(a.view()));
  auto const by_columns = svf::transposed(in_place.view());
  eigh(exec, by_columns, values.view(), by_columns);
  CHECK(test::max_difference(svf::host_vector(exec, values), lambda) == 0.0);
  CHECK(test::max_difference(svf::host_matrix(exec, by_columns), q) == 0.0);
}

template <class T, class Exec>
void check_qr(Exec& exec, index_t m, index_t k, bool by_columns) {
  auto const a = test::normal_matrix<T>(m, k, 51);
  double const allowed = 20.0 * double(m) * double(std::numeric_limits<T>::epsilon());
  auto stored = by_columns ? svf::matrix_on(exec, svf::transposed(a.view()))
                           : svf::matrix_on(exec, a);
  qr(exec, by_columns ? svf::transposed(stored.view()) : stored.view());
  auto const q = svf::host_matrix(
      exec, by_columns ? svf::transposed(stored.view()) : stored.view());
  CHECK(test::orthogonality<T>(q.view()) <= allowed);
  // R = QᵀA is upper triangular with a diagonal >= 0.
  for (index_t i = 0; i < k; ++i) {
    for (index_t j = 0; j <= i; ++j) {
      double r = 0.0;
      for (index_t t = 0; t < m; ++t) {
        r += double(q(t, i)) * double(a(t, j));
      }
      CHECK((i == j ? r >= 0.0 : std::abs(r) <= allowed * double(m)));
    }
  }
}

template <class T, class Exec>
void check_svd(Exec& exec, svf::direct_svd method, index_t m, index_t n) {
  index_t const r = std::min(m, n);
  auto const a = test::normal_matrix<T>(m, n, 41);
  auto u_there = svf::make_matrix<T>(exec, r, m);  // by columns
  auto vt_there = svf::make_matrix<T>(exec, r, n);
  auto s_there = svf::make_vector<T>(exec, r);
  svd(exec, method, svf::matrix_on(exec, a).view(), svf::transposed(u_there.view()),
      s_there.view(), vt_there.view());
  auto const u = svf::host_matrix(exec, svf::transposed(u_there.view()));
  auto const vt = svf::host_matrix(exec, vt_there);
  auto const s = svf::host_vector(exec, s_there);
  CHECK(std::is_sorted(s.begin(), s.end(), std::greater<>{}));
  CHECK(s[r - 1] >= T(0));
  double const allowed = 20.0 * double(std::max(m, n)) * double(std::numeric_limits<T>::epsilon());
  CHECK(test::orthogonality<T>(u.view()) <= allowed);
  CHECK(test::orthogonality<T>(svf::transposed(vt.view())) <= allowed);
  CHECK(test::residual<T>(u.view(), s.view(), vt.view(), a.view()) <= allowed);
}

}  // namespace

TEST_CASE_TEMPLATE("solver: eigh gives ascending eigenvalues and orthonormal vectors", Exec,
                   SVFMATH_TEST_POLICIES) {
  auto exec = test::make_policy<Exec>();
  for (index_t const n : {1, 2, 3, 13, 33, 60, 150}) {
    CAPTURE(n);
    check_eigh<float>(exec, n);
    check_eigh<double>(exec, n);
  }
}

TEST_CASE_TEMPLATE("solver: eigh of Gram matrices, orthogonal to within what is asked for", Exec,
                   SVFMATH_TEST_POLICIES) {
  auto exec = test::make_policy<Exec>();
  for (index_t const n : {64, 150, 200}) {
    CAPTURE(n);
    for (index_t const rank : {n, n / 2}) {  // the latter with eigenvalues of about 0
      CAPTURE(rank);
      auto const a = test::normal_matrix<double>(rank, n, 77);
      svf::matrix<double> g(n, n);
      for (index_t i = 0; i < n; ++i) {
        for (index_t j = 0; j < n; ++j) {
          for (index_t k = 0; k < rank; ++k) {
            g(i, j) += a(k, i) * a(k, j);
          }
        }
      }
      auto values = svf::make_vector<double>(exec, n);
      auto vectors = svf::make_matrix<double>(exec, n, n);
      eigh(exec, svf::matrix_on(exec, g).view(), values.view(), vectors.view(), 1e-8);
      auto const lambda = svf::host_vector(exec, values);
      auto const q = svf::host_matrix(exec, vectors);
      double const allowed = 10.0 * double(n + 10) * std::numeric_limits<double>::epsilon();
      CHECK(std::is_sorted(lambda.begin(), lambda.end()));
      CHECK(test::orthogonality<double>(q.view()) <= 1e-8);
      double worst = 0.0;  // of the columns of GQ − Q diag(λ), which have no such allowance
      for (index_t j = 0; j < n; ++j) {
        double square = 0.0;
        for (index_t i = 0; i < n; ++i) {
          double element = -q(i, j) * lambda[j];
          for (index_t k = 0; k < n; ++k) {
            element += g(i, k) * q(k, j);
          }
          square += element * element;
        }
        worst = std::isnan(square) ? HUGE_VAL : std::max(worst, std::sqrt(square));
      }
      CHECK(worst <= allowed * lambda[n - 1]);
      auto strict = svf::make_vector<double>(exec, n);
      eigh(exec, svf::matrix_on(exec, g).view(), strict.view(), vectors.view());
      CHECK(test::max_difference(svf::host_vector(exec, strict), lambda) <=
            allowed * lambda[n - 1]);
    }
  }
}

TEST_CASE_TEMPLATE("solver: eigh of rank one and of elements far from 1", Exec,
                   SVFMATH_TEST_POLICIES) {
  auto exec = test::make_policy<Exec>();
  for (index_t const n : {64, 95, 160}) {
    for (double const scale : {1.0, 1.0 / 6.0, 1e-3, 1e-100, 1e100}) {
      CAPTURE(n);
      CAPTURE(scale);
      svf::matrix<double> a(n, n);
      for (index_t i = 0; i < n; ++i) {
        for (index_t j = 0; j < n; ++j) {
          a(i, j) = (scale * double(i % 5 - 2)) * (scale * double(j % 5 - 2)) * 96.0;
        }
      }
      auto values = svf::make_vector<double>(exec, n);
      auto vectors = svf::make_matrix<double>(exec, n, n);
      eigh(exec, svf::matrix_on(exec, a).view(), values.view(), vectors.view());
      auto const lambda = svf::host_vector(exec, values);
      auto const q = svf::host_matrix(exec, vectors);
      double const allowed = 10.0 * double(n + 10) * std::numeric_limits<double>::epsilon();
      CHECK(test::orthogonality<double>(q.view()) <= allowed);
      // Elements of 1e±200 have no squares: the residual is that of the matrix of scale 1.
      double worst = 0.0;
      for (index_t i = 0; i < n; ++i) {
        for (index_t j = 0; j < n; ++j) {
          double sum = -a(i, j) / scale / scale;
          for (index_t k = 0; k < n; ++k) {
            sum += q(i, k) * (lambda[k] / scale / scale) * q(j, k);
          }
          worst = std::max(worst, std::abs(sum));
        }
      }
      CHECK(worst <= allowed * 96.0 * 2.0 * double(n));  // λ_1 = 96·Σ(i % 5 − 2)² = 192 n
    }
  }
}

TEST_CASE_TEMPLATE("solver: eigh knows the second difference's eigenvalues", Exec,
                   SVFMATH_TEST_POLICIES) {
  // tridiag(−1, 2, −1) of size n has the eigenvalues 2 − 2 cos(k π / (n + 1)).
  auto exec = test::make_policy<Exec>();
  constexpr index_t n = 40;
  svf::matrix<double> a(n, n);
  for (index_t i = 0; i < n; ++i) {
    a(i, i) = 2.0;
    if (i > 0) {
      a(i, i - 1) = a(i - 1, i) = -1.0;
    }
  }
  auto values = svf::make_vector<double>(exec, n);
  auto vectors = svf::make_matrix<double>(exec, n, n);
  eigh(exec, svf::matrix_on(exec, a).view(), values.view(), vectors.view());
  auto const lambda = svf::host_vector(exec, values);
  for (index_t k = 0; k < n; ++k) {
    double const exact = 2.0 - 2.0 * std::cos(double(k + 1) * M_PI / double(n + 1));
    CHECK(test::close(lambda[k], exact, 100.0 * std::numeric_limits<double>::epsilon()));
  }
}

TEST_CASE_TEMPLATE("solver: eigh of matrices with equal eigenvalues, zeros and graded elements",
                   Exec, SVFMATH_TEST_POLICIES) {
  auto exec = test::make_policy<Exec>();
  constexpr index_t n = 70;
  auto const normals = test::normal_matrix<double>(n, n, 5);
  auto const made = [&](auto&& element) {
    svf::matrix<double> a(n, n);
    for (index_t i = 0; i < n; ++i) {
      for (index_t j = 0; j <= i; ++j) {
        a(i, j) = a(j, i) = element(i, j);
      }
    }
    return a;
  };
  svf::matrix<double> const matrices[] = {
      made([](index_t, index_t) { return 0.0; }),
      made([](index_t i, index_t j) { return i == j ? 3.0 : 0.0; }),
      made([](index_t i, index_t j) { return i == j ? double(i * 37 % n) - 20.0 : 0.0; }),
      made([](index_t, index_t) { return 1.0; }),
      made([](index_t i, index_t j) { return i == j ? -1.0 : 1.0; }),
      made([](index_t i, index_t j) { return i % 7 == j % 7 ? 1.0 : 0.0; }),
      made([](index_t i, index_t j) { return i == j ? double(i) : j == 0 ? 1.0 : 0.0; }),
      made([&](index_t i, index_t j) { return i < 10 ? normals(i, j) : i == j ? 1.0 : 0.0; }),
      made([&](index_t i, index_t j) { return normals(i, j) * std::pow(10.0, -double(i + j)); }),
      made([&](index_t i, index_t j) {
        return normals(i, j) * std::pow(10.0, double(i + j - 2 * n));
      }),
      made([&](index_t i, index_t j) { return i == j ? 1.0 : 1e-15 * normals(i, j); }),
  };
  double const allowed = 10.0 * double(n + 10) * std::numeric_limits<double>::epsilon();
  for (std::size_t k = 0; k < std::size(matrices); ++k) {
    CAPTURE(k);
    auto values = svf::make_vector<double>(exec, n);
    auto vectors = svf::make_matrix<double>(exec, n, n);
    eigh(exec, svf::matrix_on(exec, matrices[k]).view(), values.view(), vectors.view());
    auto const lambda = svf::host_vector(exec, values);
    auto const q = svf::host_matrix(exec, vectors);
    CHECK(std::is_sorted(lambda.begin(), lambda.end()));
    CHECK(test::orthogonality<double>(q.view()) <= allowed);
    CHECK(test::residual<double>(q.view(), lambda.view(), svf::transposed(q.view()),
                                 matrices[k].view()) <= allowed);
  }
}

TEST_CASE_TEMPLATE("solver: eigh_batch gives the eigenvectors of each matrix, one a row", Exec,
                   SVFMATH_TEST_POLICIES) {
  auto exec = test::make_policy<Exec>();
  for (index_t const n : {1, 2, 33, 70}) {
    CHECK(eigh_batch_size(exec, n) >= 1);
    for (index_t const count : {0, 1, 5}) {
      CAPTURE(n);
      CAPTURE(count);
      svf::matrix<double> all(count * n, n);
      for (index_t b = 0; b < count; ++b) {
        // The last one far from 1, where elements have no squares.
        double const scale = b == 4 ? 1e-200 : 1.0;
        auto const x = test::normal_matrix<double>(n, n, std::uint64_t(10 + b));
        for (index_t i = 0; i < n; ++i) {
          for (index_t j = 0; j < n; ++j) {
            all(b * n + i, j) = scale * (x(i, j) + x(j, i));
          }
        }
      }
      auto there = svf::matrix_on(exec, all);
      eigh_batch(exec, there.view());
      auto const q = svf::host_matrix(exec, there);
      double const allowed = 20.0 * double(n + 10) * std::numeric_limits<double>::epsilon();
      for (index_t b = 0; b < count; ++b) {
        CAPTURE(b);
        auto const rows = q.view().rows_range(b * n, n);
        double const scale = b == 4 ? 1e-200 : 1.0;
        CHECK(test::orthogonality<double>(svf::transposed(rows)) <= allowed);
        // Q G Qᵀ is diagonal and ascending.
        double before = -HUGE_VAL;
        for (index_t i = 0; i < n; ++i) {
          for (index_t j = 0; j < n; ++j) {
            double sum = 0.0;
            for (index_t k = 0; k < n; ++k) {
              for (index_t l = 0; l < n; ++l) {
                sum += rows(i, k) * (all(b * n + k, l) / scale) * rows(j, l);
              }
            }
            if (i != j) {
              CHECK(std::abs(sum) <= allowed * 4.0 * std::sqrt(double(n)));  // ‖G‖ < 4√n
            } else {
              CHECK(sum >= before - allowed * 4.0 * std::sqrt(double(n)));
              before = sum;
            }
          }
        }
      }
    }
  }
  auto wrong = svf::make_matrix<double>(exec, 5, 2);
  CHECK_THROWS_AS(eigh_batch(exec, wrong.view()), svf::error);
  CHECK_THROWS_AS(eigh_batch(exec, svf::transposed(wrong.view().rows_range(0, 2))), svf::error);
  svf::matrix<float> bad(4, 2);
  bad(3, 1) = NAN;
  auto there = svf::matrix_on(exec, bad);
  CHECK_THROWS_AS(eigh_batch(exec, there.view()), svf::error);
}

TEST_CASE_TEMPLATE("solver: qr gives the orthonormal basis with diag(R) >= 0", Exec,
                   SVFMATH_TEST_POLICIES) {
  auto exec = test::make_policy<Exec>();
  for (auto const& [m, k] : {std::pair<index_t, index_t>{1, 1}, {9, 1}, {40, 25}, {33, 33}}) {
    for (bool const by_columns : {false, true}) {
      CAPTURE(m);
      CAPTURE(by_columns);
      check_qr<float>(exec, m, k, by_columns);
      check_qr<double>(exec, m, k, by_columns);
    }
  }
}

TEST_CASE_TEMPLATE("solver: svd by both direct methods, tall, wide and square", Exec,
                   SVFMATH_TEST_POLICIES) {
  auto exec = test::make_policy<Exec>();
  for (auto const method : {svf::direct_svd::divide_and_conquer, svf::direct_svd::jacobi}) {
    for (auto const& [m, n] :
         {std::pair<index_t, index_t>{1, 1}, {1, 6}, {40, 25}, {25, 40}, {30, 30}}) {
      CAPTURE(m);
      CAPTURE(n);
      check_svd<float>(exec, method, m, n);
      check_svd<double>(exec, method, m, n);
    }
  }
}

TEST_CASE_TEMPLATE("solver: outputs that do not fit and matrices with NaN are refused", Exec,
                   SVFMATH_TEST_POLICIES) {
  auto exec = test::make_policy<Exec>();
  auto const a = svf::matrix_on(exec, test::normal_matrix<double>(4, 3, 1));
  auto u = svf::make_matrix<double>(exec, 4, 3);
  auto vt = svf::make_matrix<double>(exec, 3, 3);
  auto square = svf::make_matrix<double>(exec, 3, 3);
  auto s = svf::make_vector<double>(exec, 3);
  auto too_long = svf::make_vector<double>(exec, 4);
  constexpr auto method = svf::direct_svd::jacobi;
  CHECK_THROWS_AS(svd(exec, method, a.view(), u.view(), too_long.view(), vt.view()), svf::error);
  CHECK_THROWS_AS(svd(exec, method, a.view(), vt.view(), s.view(), vt.view()), svf::error);
  CHECK_THROWS_AS(eigh(exec, a.view(), s.view(), square.view()), svf::error);
  CHECK_THROWS_AS(eigh(exec, square.view(), too_long.view(), square.view()), svf::error);
  auto wide = svf::make_matrix<double>(exec, 3, 4);
  CHECK_THROWS_AS(qr(exec, wide.view()), svf::error);

  auto bad = symmetric_matrix<double>(3);
  bad(2, 1) = std::nan("");
  auto const bad_there = svf::matrix_on(exec, bad);
  try {
    eigh(exec, bad_there.view(), s.view(), square.view());
    FAIL("accepted");
  } catch (svf::error const& e) {
    CHECK(e.kind() == svf::error_kind::numeric);
    CHECK(std::string(e.what()).find("got nan at (2,1)") != std::string::npos);
  }
}
