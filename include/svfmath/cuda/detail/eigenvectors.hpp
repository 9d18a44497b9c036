// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <numeric>
#include <vector>

#include <svfmath/core/config.hpp>
#include <svfmath/core/detail/function_objects.hpp>
#include <svfmath/core/error.hpp>
#include <svfmath/core/matrix.hpp>
#include <svfmath/core/random.hpp>
#include <svfmath/core/transfer.hpp>
#include <svfmath/core/view.hpp>
#include <svfmath/core/view_conversion.hpp>
#include <svfmath/cuda/blas.hpp>
#include <svfmath/cuda/memory.hpp>
#include <svfmath/cuda/policy.hpp>

/// What cuSOLVER's eigensolvers need before a call, and what their vectors need after it.
namespace svf::cuda {

/// X ← Q of X = QR, in solver.hpp.
template <class T>
void qr(stream_policy& exec, matrix_view<T, device_space> x);

namespace detail {

/// |a(i,j)| for j <= i, otherwise 0; infinite where it is NaN or infinite.
template <class T>
struct lower_magnitude {
  matrix_view<T const, device_space> a;

  SVFMATH_HOST_DEVICE double operator()(index_t i, index_t j) const {
    return j > i ? 0.0 : svf::detail::magnitude<T const, device_space>{a}(i, j);
  }
};

/// i where the i-th element, counted row by row, is in the lower triangle and NaN or infinite,
/// otherwise the number of elements.
template <class T>
struct place_if_lower_not_finite {
  matrix_view<T const, device_space> a;

  SVFMATH_HOST_DEVICE index_t operator()(index_t i) const {
    index_t const row = i / a.cols;
    index_t const col = i % a.cols;
    return col > row || std::isfinite(a(row, col)) ? a.size() : i;
  }
};

/// x ← 2^exponent · x.
template <class T>
void scale_by_power(stream_policy& exec, matrix_view<T, device_space> x, int exponent) {
  auto factors = make_vector<T>(exec, x.cols);
  transform(exec, factors.view(), svf::detail::constant<T>{std::ldexp(T(1), exponent)});
  scale_columns(exec, as_const(x), as_const(factors.view()), x);
}

/// The exponent e for which 2^−e · G (n×n) has elements whose squares are normal numbers, as
/// cuSOLVER wants them; 0 where they are. Reads the lower triangle. Throws `error{numeric}` naming
/// a NaN or infinity.
template <class T>
int safe_exponent(stream_policy& exec, matrix_view<T const, device_space> g) {
  double const largest = svf::detail::reduce_elements(exec, g.rows, g.cols, lower_magnitude<T>{g},
                                                      svf::detail::larger());
  if (largest == svf::detail::infinite) {
    index_t const bad =
        reduce(exec, g.size(), g.size(), place_if_lower_not_finite<T>{g}, svf::detail::smaller());
    fail(error_kind::numeric, "eigh: expected finite elements, got ",
         svf::detail::value_at(exec, g, bad / g.cols, bad % g.cols), " at (", bad / g.cols, ",",
         bad % g.cols, ")");
  }
  int exponent = 0;
  std::frexp(largest, &exponent);
  return std::abs(exponent) > std::numeric_limits<T>::max_exponent / 4 ? exponent : 0;
}

/// The i-th standard normal of a stream.
template <class T>
struct normal_probe {
  random_stream random;

  SVFMATH_HOST_DEVICE T operator()(index_t i) const { return T(random.normal(std::uint64_t(i))); }
};

/// Whether QᵀQ x = x for 16 random x, up to rounding. A pair of columns with an inner product above
/// 10 (n + 10) ε goes unseen by one of them with a chance of a half at most. 64n² flops instead of
/// the 2n³ of QᵀQ.
template <class T>
bool is_orthonormal(stream_policy& exec, matrix_view<T const, device_space> q) {
  constexpr index_t probes = 16;
  index_t const n = q.rows;
  auto x = make_matrix<T>(exec, n, probes);
  auto y = make_matrix<T>(exec, n, probes);
  transform(exec, vector_view<T, device_space>(x.data(), x.size()),
            normal_probe<T>{random_stream(0x5051u)});
  gemm(exec, T(1), q, as_const(x.view()), T(0), y.view());
  gemm(exec, T(1), transposed(q), as_const(y.view()), T(-1), x.view());
  double const distance = svf::detail::reduce_elements(
      exec, n, probes, svf::detail::magnitude<T, device_space>{x.view()}, svf::detail::larger());
  return distance <= 10.0 * double(n + 10) * double(std::numeric_limits<T>::epsilon());
}

/// Makes the columns of Q (n×n) orthonormal where cuSOLVER left them otherwise, which happens to
/// vectors of eigenvalues that are nothing but rounding: QR of the columns in descending order of
/// |λ| keeps what the others span.
template <class T>
void make_orthonormal(stream_policy& exec, vector_view<T const, device_space> values,
                      matrix_view<T, device_space> q) {
  if (is_orthonormal(exec, as_const(q))) {
    return;
  }
  index_t const n = q.rows;
  auto inner = make_matrix<T>(exec, n, n);
  std::vector<T> lambda(static_cast<std::size_t>(n));
  copy(exec, values, vector_view<T>(lambda.data(), n));
  std::vector<index_t> order(lambda.size());
  std::iota(order.begin(), order.end(), index_t{0});
  std::stable_sort(order.begin(), order.end(), [&](index_t i, index_t j) {
    return std::abs(lambda[std::size_t(i)]) > std::abs(lambda[std::size_t(j)]);
  });
  std::vector<index_t> place(order.size());
  for (std::size_t k = 0; k < order.size(); ++k) {
    place[std::size_t(order[k])] = index_t(k);
  }
  gather_rows(exec, as_const(transposed(q)), as_vector(std::as_const(order)), inner.view());
  qr(exec, transposed(inner.view()));
  gather_rows(exec, as_const(inner.view()), as_vector(std::as_const(place)), transposed(q));
}

}  // namespace detail

}  // namespace svf::cuda
