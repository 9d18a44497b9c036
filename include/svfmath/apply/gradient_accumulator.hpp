// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <concepts>
#include <type_traits>

#include <svfmath/apply/gradient.hpp>
#include <svfmath/core/concepts.hpp>
#include <svfmath/core/config.hpp>
#include <svfmath/core/detail/function_objects.hpp>
#include <svfmath/core/matrix.hpp>
#include <svfmath/core/view_conversion.hpp>
#include <svfmath/factor/svd_factors.hpp>

namespace svf {

namespace detail {

/// A copy of x in T.
template <class T, class Exec, class X, class Space>
matrix<T, Space> converted(Exec& exec, matrix_view<X, Space> x) {
  auto result = make_matrix<T>(exec, x.rows, x.cols);
  copy(exec, x, result.view());
  return result;
}

/// a(i) + b(i).
template <class T, class Space>
struct element_sum {
  vector_view<T, Space> a;
  vector_view<T, Space> b;

  SVFMATH_HOST_DEVICE T operator()(index_t i) const { return a[i] + b[i]; }
};

}  // namespace detail

/// Sums the z-gradient of one site over a batch that arrives in pieces. The path is chosen once,
/// from the rows expected over the whole batch, so the m·n·r flops of the dense path are paid once
/// per batch and not per piece.
///
/// Memory: r elements on the factored path (and T·(m+n) during `add` where x and δ have 16 bits),
/// m·n on the dense path. Deterministic for the same
/// pieces in the same order.
template <scalar T, class Space = host_space>
class gradient_accumulator {
 public:
  /// `expected_rows`: how many pairs (x, δ) a batch will bring; it steers cost, not correctness.
  gradient_accumulator(index_t m, index_t n, index_t expected_rows)
      : path_(cheaper_gradient_path(m, n, expected_rows)), rows_(m), cols_(n) {}

  gradient_path path() const { return path_; }

  /// Adds x (T×n) and δ (T×m). `factors` are the site's. x and δ are of T, or both of a 16-bit type
  /// that `exec` multiplies with sums in T. Throws `error{shape}`.
  template <execution_policy Exec, matrix_for<Exec> X, matrix_for<Exec> Y>
  void add(Exec& exec, svd_factors<T, Space> const& factors, X const& x, Y const& delta) {
    auto const input = as_matrix(x);
    auto const output = as_matrix(delta);
    expects(factors.rows() == rows_ && factors.cols() == cols_ && input.cols == cols_ &&
                output.cols == rows_ && input.rows == output.rows,
            error_kind::shape, "gradient_accumulator: expected a site ", rows_, "x", cols_,
            ", x T x ", cols_, " and delta T x ", rows_, ", got ", factors.rows(), "x",
            factors.cols(), ", ", input.rows, "x", input.cols, " and ", output.rows, "x",
            output.cols);
    start(exec);
    if (path_ == gradient_path::dense) {
      gemm(exec, T(1), transposed(output), input, T(1), sum_.view());
      return;
    }
    auto gamma = make_vector<T>(exec, factors.rank());
    using element = std::remove_const_t<typename decltype(input)::element_type>;
    if constexpr (std::same_as<element, T>) {
      detail::factored_gamma(exec, factors, input, output, gamma.view());
    } else {
      auto const wide_input = detail::converted<T>(exec, input);
      auto const wide_output = detail::converted<T>(exec, output);
      detail::factored_gamma(exec, factors, wide_input.view(), wide_output.view(), gamma.view());
    }
    auto const total = sum_.view().row(0);
    transform(exec, total, detail::element_sum<T, Space>{total, gamma.view()});
  }

  /// dz ← dL/dz (r) of everything added since the last `finish`, which starts a new sum.
  template <execution_policy Exec, vector_for<Exec> Z, vector_for<Exec> D>
  void finish(Exec& exec, svd_factors<T, Space> const& factors, Z const& z, D&& dz,
              normalisation kind = normalisation::none) {
    auto const result = as_vector(dz);
    start(exec);
    if (path_ == gradient_path::dense) {
      gradient_from_dense(exec, factors, z, sum_.view(), result, kind);
    } else {
      detail::expect_rank("gradient_accumulator", factors.rank(), as_vector(z), result);
      copy(exec, sum_.view().row(0), result);
      detail::chain_to_z(exec, result, factors.s.view(), as_vector(z), kind);
    }
    started_ = false;
  }

 private:
  // The sum is 0 from the first call after a `finish` on; its memory is kept.
  template <class Exec>
  void start(Exec& exec) {
    if (started_) {
      return;
    }
    if (sum_.size() == 0) {
      sum_ = path_ == gradient_path::factored
                 ? make_matrix<T>(exec, 1, rows_ < cols_ ? rows_ : cols_)
                 : make_matrix<T>(exec, rows_, cols_);
    }
    transform(exec, vector_view<T, Space>(sum_.data(), sum_.size()), detail::constant<T>{T(0)});
    started_ = true;
  }

  gradient_path path_;
  index_t rows_;
  index_t cols_;
  bool started_ = false;
  matrix<T, Space> sum_;  // γ (1×r) or dW (m×n)
};

}  // namespace svf
