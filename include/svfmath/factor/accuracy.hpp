// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cmath>

#include <svfmath/core/concepts.hpp>
#include <svfmath/core/config.hpp>
#include <svfmath/core/detail/function_objects.hpp>
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

/// factor · x(i) in double.
template <class T, class Space>
struct scaled_element {
  vector_view<T, Space> x;
  double factor;

  SVFMATH_HOST_DEVICE double operator()(index_t i) const { return factor * double(x[i]); }
};

/// ‖XᵀX − I‖_max.
template <class Exec, class Space>
double orthogonality_error(Exec& exec, matrix_view<double const, Space> x) {
  auto g = make_matrix<double>(exec, x.cols, x.cols);
  gram(exec, x, g.view());
  return reduce_elements(exec, g.rows(), g.cols(), distance_from_identity<double, Space>{g.view()},
                         larger());
}

/// ‖X‖_F.
template <class Exec, class Space>
double frobenius(Exec& exec, matrix_view<double const, Space> x) {
  return std::sqrt(reduce_elements(exec, x.rows, x.cols, squared_element<double, Space>{x}, sum()));
}

/// `measure_accuracy` of u (m,k), s (k), vt (k,n) for any k, the shapes being known to fit.
template <class Exec, class W, class T, class Space>
factor_accuracy accuracy_of(Exec& exec, W const& w, svd_factors<T, Space> const& f) {
  int const exponent = scale_exponent(largest_entry(exec, "measure_accuracy", w));
  auto const u = scaled_copy(exec, f.u.view(), 0);
  auto vt = scaled_copy(exec, f.vt.view(), 0);
  factor_accuracy result;
  result.orthogonality =
      std::max(orthogonality_error(exec, u.view()),
               orthogonality_error(exec, transposed(as_const(vt.view()))));

  auto a = scaled_copy(exec, w, exponent);
  double const length = frobenius(exec, as_const(a.view()));
  auto s = make_vector<double>(exec, f.rank());
  transform(exec, s.view(),
            scaled_element<wide_t<T> const, Space>{
                f.s.view(), std::ldexp(1.0, -exponent)});
  scale_rows(exec, as_const(s.view()), as_const(vt.view()), vt.view());
  gemm(exec, 1.0, u.view(), as_const(vt.view()), -1.0, a.view());
  double const error = frobenius(exec, as_const(a.view()));
  if (std::isnan(error)) {
    result.reconstruction = infinite;
  } else if (error > 0.0) {
    result.reconstruction = length > 0.0 ? error / length : infinite;
  }
  return result;
}

}  // namespace detail

/// Measures factors of W (m×n) in double. Where W is zero, `reconstruction` is 0 for σ = 0 and
/// infinite otherwise; both are infinite where the factors hold NaN. Throws `error{shape}` if the
/// factors do not fit W, `error{numeric}` if W has NaN or Inf. About 2mnr + (m + n)r² flops
/// and 3mn doubles of memory; the same bits on any number of threads.
template <execution_policy Exec, matrix_for<Exec> W, class T>
factor_accuracy measure_accuracy(Exec& exec, W const& w_like,
                                 svd_factors<T, typename Exec::space> const& f) {
  auto const w = as_matrix(w_like);
  validate(f, "measure_accuracy");
  expects(f.rows() == w.rows && f.cols() == w.cols, error_kind::shape,
          "measure_accuracy: expected factors of a ", w.rows, "x", w.cols, " matrix, got those of ",
          f.rows(), "x", f.cols());
  return detail::accuracy_of(exec, w, f);
}

}  // namespace svf
