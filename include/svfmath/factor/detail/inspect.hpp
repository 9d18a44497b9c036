// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cmath>
#include <limits>
#include <string_view>

#include <svfmath/core/error.hpp>
#include <svfmath/core/matrix.hpp>
#include <svfmath/core/view.hpp>

namespace svf::detail {

/// The largest |w(i,j)|. Throws `error{shape}` for a matrix without elements and `error{numeric}`
/// naming the first NaN or infinity (row by row).
template <class Exec, class T, class Space>
double largest_entry(Exec& exec, std::string_view where, matrix_view<T, Space> w) {
  expects(w.rows >= 1 && w.cols >= 1 && w.rows <= std::numeric_limits<index_t>::max() / w.cols,
          error_kind::shape, where, ": expected a matrix with rows and columns, got ", w.rows, "x",
          w.cols);
  constexpr double infinite = std::numeric_limits<double>::infinity();
  double const largest = reduce(
      exec, w.rows, 0.0,
      [w](index_t i) {
        double row = 0.0;
        for (index_t j = 0; j < w.cols; ++j) {
          double const size = std::abs(double(w(i, j)));
          row = size <= std::numeric_limits<T>::max() ? std::max(row, size) : infinite;
        }
        return row;
      },
      [](double a, double b) { return std::max(a, b); });
  if (largest == infinite) {
    index_t const first = reduce(
        exec, w.size(), w.size(),
        [w](index_t i) {
          return std::isfinite(double(w(i / w.cols, i % w.cols))) ? w.size() : i;
        },
        [](index_t a, index_t b) { return std::min(a, b); });
    fail(error_kind::numeric, where, ": expected finite weights, got ",
         w(first / w.cols, first % w.cols), " at (", first / w.cols, ",", first % w.cols, ")");
  }
  return largest;
}

/// The e with 2^−e · x in [1/2, 1), kept where 2^e and 2^−e are normal numbers.
inline int scale_exponent(double x) {
  int exponent = 0;
  std::frexp(x, &exponent);
  return std::clamp(exponent, -1000, 1000);
}

/// 2^−exponent · w in double, exact unless entries underflow.
template <class Exec, class T, class Space>
matrix<double, Space> scaled_copy(Exec& exec, matrix_view<T, Space> w, int exponent) {
  matrix<double, Space> result(w.rows, w.cols);
  vector<double, Space> factors(w.cols);
  double const factor = std::ldexp(1.0, -exponent);
  transform(exec, factors.view(), [factor](index_t) { return factor; });
  scale_columns(exec, w, as_const(factors.view()), result.view());
  return result;
}

}  // namespace svf::detail
