// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cmath>
#include <limits>

#include <svfmath/core/concepts.hpp>
#include <svfmath/core/error.hpp>
#include <svfmath/core/matrix.hpp>
#include <svfmath/core/view_conversion.hpp>
#include <svfmath/factor/detail/inspect.hpp>
#include <svfmath/factor/svd_factors.hpp>

namespace svf {

/// How well factors stand for a matrix; both 0 at best.
struct factor_accuracy {
  double reconstruction = 0.0;  ///< ‖UΣVᵀ − W‖_F / ‖W‖_F
  double orthogonality = 0.0;   ///< max(‖UᵀU − I‖_max, ‖VᵀV − I‖_max)
};

namespace detail {

/// The largest of f(0) … f(count−1), infinite where one is NaN.
template <class Exec, class F>
double largest_of(Exec& exec, index_t count, F&& f) {
  return reduce(
      exec, count, 0.0,
      [&f](index_t i) {
        double const value = f(i);
        return std::isnan(value) ? std::numeric_limits<double>::infinity() : value;
      },
      [](double a, double b) { return std::max(a, b); });
}

/// ‖XᵀX − I‖_max.
template <class Exec, class Space>
double orthogonality_error(Exec& exec, matrix_view<double const, Space> x) {
  matrix<double, Space> g(x.cols, x.cols);
  gram(exec, x, g.view());
  return largest_of(exec, g.size(), [v = as_const(g.view())](index_t i) {
    index_t const row = i / v.cols;
    index_t const col = i % v.cols;
    return std::abs(v(row, col) - (row == col ? 1.0 : 0.0));
  });
}

/// ‖X‖_F.
template <class Exec, class Space>
double frobenius(Exec& exec, matrix_view<double const, Space> x) {
  return std::sqrt(reduce(
      exec, x.size(), 0.0,
      [x](index_t i) {
        double const value = x(i / x.cols, i % x.cols);
        return value * value;
      },
      [](double a, double b) { return a + b; }));
}

}  // namespace detail

/// Measures factors of W (m×n) in double. Where W is zero, `reconstruction` is 0 for σ = 0 and
/// infinite otherwise; both are infinite where the factors hold NaN. Throws `error{shape}` if the
/// factors do not fit W, `error{numeric}` if W has NaN or Inf. About 2mnr + (m + n)r² flops
/// and 3mn doubles of memory; the same bits on any number of threads.
template <execution_policy Exec, matrix_like W, class T, class Space>
factor_accuracy measure_accuracy(Exec& exec, W const& w_like, svd_factors<T, Space> const& f) {
  auto const w = as_matrix(w_like);
  validate(f, "measure_accuracy");
  expects(f.rows() == w.rows && f.cols() == w.cols, error_kind::shape,
          "measure_accuracy: expected factors of a ", w.rows, "x", w.cols, " matrix, got those of ",
          f.rows(), "x", f.cols());
  int const exponent =
      detail::scale_exponent(detail::largest_entry(exec, "measure_accuracy", w));
  auto const u = detail::scaled_copy(exec, f.u.view(), 0);
  auto vt = detail::scaled_copy(exec, f.vt.view(), 0);
  factor_accuracy result;
  result.orthogonality =
      std::max(detail::orthogonality_error(exec, u.view()),
               detail::orthogonality_error(exec, transposed(as_const(vt.view()))));

  auto a = detail::scaled_copy(exec, w, exponent);
  double const length = detail::frobenius(exec, as_const(a.view()));
  vector<double, Space> s(f.rank());
  double const scale = std::ldexp(1.0, -exponent);
  transform(exec, s.view(),
            [from = f.s.view(), scale](index_t i) { return scale * double(from[i]); });
  scale_rows(exec, as_const(s.view()), as_const(vt.view()), vt.view());
  gemm(exec, 1.0, u.view(), as_const(vt.view()), -1.0, a.view());
  double const error = detail::frobenius(exec, as_const(a.view()));
  constexpr double infinite = std::numeric_limits<double>::infinity();
  if (std::isnan(error)) {
    result.reconstruction = infinite;
  } else if (error > 0.0) {
    result.reconstruction = length > 0.0 ? error / length : infinite;
  }
  return result;
}

}  // namespace svf
