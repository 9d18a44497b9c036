// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cmath>
#include <limits>

#include <svfmath/core/view.hpp>
#include <svfmath/factor/svd_factors.hpp>

/// How far results are from what they should be, by loops in double on the host.
namespace test {

/// max |QᵀQ − I| over the columns of Q.
template <class T>
double orthogonality(svf::matrix_view<T const> q) {
  double worst = 0.0;
  for (svf::index_t i = 0; i < q.cols; ++i) {
    for (svf::index_t j = 0; j <= i; ++j) {
      double dot = i == j ? -1.0 : 0.0;
      for (svf::index_t k = 0; k < q.rows; ++k) {
        dot += double(q(k, i)) * double(q(k, j));
      }
      worst = std::isnan(dot) ? HUGE_VAL : std::max(worst, std::abs(dot));
    }
  }
  return worst;
}

/// ‖L diag(d) R − A‖_F / ‖A‖_F, and 0 where both are 0.
template <class T>
double residual(svf::matrix_view<T const> l, svf::vector_view<T const> d,
                svf::matrix_view<T const> r, svf::matrix_view<T const> a) {
  double largest = std::numeric_limits<double>::min();
  for (svf::index_t i = 0; i < a.rows; ++i) {
    for (svf::index_t j = 0; j < a.cols; ++j) {
      largest = std::max(largest, std::abs(double(a(i, j))));
    }
  }
  double difference = 0.0;
  double norm = 0.0;
  for (svf::index_t i = 0; i < a.rows; ++i) {
    for (svf::index_t j = 0; j < a.cols; ++j) {
      double sum = 0.0;
      for (svf::index_t k = 0; k < d.size; ++k) {
        sum += double(l(i, k)) * (double(d[k]) / largest) * double(r(k, j));
      }
      double const exact = double(a(i, j)) / largest;
      difference += (sum - exact) * (sum - exact);
      norm += exact * exact;
    }
  }
  return difference == 0.0 ? 0.0 : std::sqrt(difference / norm);
}

/// ‖UΣVᵀ − W‖_F / ‖W‖_F.
template <class T>
double reconstruction(svf::svd_factors<T> const& f, svf::matrix_view<T const> w) {
  return residual<T>(f.u.view(), f.s.view(), f.vt.view(), w);
}

/// The larger of max |UᵀU − I| and max |VᵀV − I|.
template <class T>
double orthogonality(svf::svd_factors<T> const& f) {
  return std::max(orthogonality<T>(f.u.view()), orthogonality<T>(svf::transposed(f.vt.view())));
}

/// The largest error of C = α A B + β C0 in units of what one rounding of each term can bring.
template <class T>
double worst_in_epsilons(double alpha, svf::matrix_view<T const> a, svf::matrix_view<T const> b,
                         double beta, svf::matrix_view<T const> c0, svf::matrix_view<T const> c) {
  double worst = 0.0;
  for (svf::index_t i = 0; i < c.rows; ++i) {
    for (svf::index_t j = 0; j < c.cols; ++j) {
      double sum = beta == 0.0 ? 0.0 : beta * double(c0(i, j));
      double magnitude = std::abs(sum);
      for (svf::index_t k = 0; k < a.cols; ++k) {
        double const term = alpha * double(a(i, k)) * double(b(k, j));
        sum += term;
        magnitude += std::abs(term);
      }
      double const allowed = magnitude * double(std::numeric_limits<T>::epsilon());
      double const difference = std::abs(double(c(i, j)) - sum);
      worst = std::max(worst, difference == 0.0 ? 0.0 : difference / allowed);
      if (std::isnan(difference)) {
        return HUGE_VAL;
      }
    }
  }
  return worst;
}

}  // namespace test
