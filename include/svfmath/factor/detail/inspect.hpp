// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cmath>
#include <limits>
#include <string_view>

#include <svfmath/core/config.hpp>
#include <svfmath/core/detail/function_objects.hpp>
#include <svfmath/core/error.hpp>
#include <svfmath/core/matrix.hpp>
#include <svfmath/core/transfer.hpp>
#include <svfmath/core/view.hpp>

namespace svf::detail {

/// i where the i-th element, counted row by row, is NaN or infinite, otherwise the number of them.
template <class T, class Space>
struct place_if_not_finite {
  matrix_view<T, Space> w;

  SVFMATH_HOST_DEVICE index_t operator()(index_t i) const {
    return std::isfinite(double(w(i / w.cols, i % w.cols))) ? w.size() : i;
  }
};

/// The largest |w(i,j)|. Throws `error{shape}` for a matrix without elements and `error{numeric}`
/// naming the first NaN or infinity (row by row).
template <class Exec, class T, class Space>
double largest_entry(Exec& exec, std::string_view where, matrix_view<T, Space> w) {
  expects(w.rows >= 1 && w.cols >= 1 && w.rows <= std::numeric_limits<index_t>::max() / w.cols,
          error_kind::shape, where, ": expected a matrix with rows and columns, got ", w.rows, "x",
          w.cols);
  // Along the lines in which w lies.
  auto const lines = w.layout == order::row_major ? w : transposed(w);
  double const largest =
      reduce_elements(exec, lines.rows, lines.cols, magnitude<T, Space>{lines}, larger());
  if (largest == infinite) {
    index_t const first =
        reduce(exec, w.size(), w.size(), place_if_not_finite<T, Space>{w}, smaller());
    fail(error_kind::numeric, where, ": expected finite weights, got ",
         value_at(exec, w, first / w.cols, first % w.cols), " at (", first / w.cols, ",",
         first % w.cols, ")");
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
  auto result = make_matrix<double>(exec, w.rows, w.cols);
  auto factors = make_vector<double>(exec, w.cols);
  transform(exec, factors.view(), constant<double>{std::ldexp(1.0, -exponent)});
  scale_columns(exec, w, as_const(factors.view()), result.view());
  return result;
}

}  // namespace svf::detail
