// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <string_view>

#include <svfmath/core/error.hpp>
#include <svfmath/core/half.hpp>
#include <svfmath/core/matrix.hpp>
#include <svfmath/core/transfer.hpp>

namespace svf {

/// The thin singular value decomposition W = U diag(σ) Vᵀ of a weight matrix W (m×n), r = min(m,n).
/// Factored once and shared by every expert of that matrix; an expert only replaces σ by σ∘z.
/// U and Vᵀ may be kept in 16 bits; σ then stays in float.
template <class T, class Space = host_space>
struct svd_factors {
  using value_type = T;
  using space = Space;

  matrix<T, Space> u;                  ///< (m,r) orthonormal columns
  vector<detail::wide_t<T>, Space> s;  ///< (r) singular values, descending, >= 0
  matrix<T, Space> vt;                 ///< (r,n) orthonormal rows

  index_t rows() const { return u.rows(); }
  index_t cols() const { return vt.cols(); }
  index_t rank() const { return s.size(); }
};

/// A copy of factors in the memory of `exec`. Throws what `matrix_on` throws.
template <class Exec, class T, class Space>
svd_factors<T, typename Exec::space> factors_on(Exec& exec, svd_factors<T, Space> const& f) {
  return {matrix_on(exec, f.u), vector_on(exec, f.s), matrix_on(exec, f.vt)};
}

/// A copy of factors in the host's memory: what files, caches and experts are made of.
template <class Exec, class T, class Space>
svd_factors<T> host_factors(Exec& exec, svd_factors<T, Space> const& f) {
  return {host_matrix(exec, f.u), host_vector(exec, f.s), host_matrix(exec, f.vt)};
}

/// The same factors with U and Vᵀ rounded to another element type, in the memory of `exec`, where
/// they lie. In bfloat16 W' = U diag(σ') Vᵀ loses about 2e-3 ‖W'‖_F to the two roundings, in
/// float16 3e-4 ‖W'‖_F. Throws what `make_matrix` and `copy` throw.
template <class T, class Exec, class U>
svd_factors<T, typename Exec::space> factors_as(Exec& exec,
                                                svd_factors<U, typename Exec::space> const& f) {
  svd_factors<T, typename Exec::space> result;
  result.u = make_matrix<T>(exec, f.u.rows(), f.u.cols());
  result.s = make_vector<detail::wide_t<T>>(exec, f.s.size());
  result.vt = make_matrix<T>(exec, f.vt.rows(), f.vt.cols());
  copy(exec, f.u.view(), result.u.view());
  copy(exec, f.s.view(), result.s.view());
  copy(exec, f.vt.view(), result.vt.view());
  return result;
}

/// Checks that the three parts fit each other: u (m,r), s (r), vt (r,n) with r = min(m,n) >= 1.
/// Throws `error{shape}` that begins with `where`. O(1).
template <class T, class Space>
void validate(svd_factors<T, Space> const& f, std::string_view where) {
  index_t const r = f.s.size();
  expects(f.u.cols() == r && f.vt.rows() == r && r >= 1 && r == std::min(f.rows(), f.cols()),
          error_kind::shape, where, ": expected factors u (m,r), s (r), vt (r,n) with r = min(m,n)",
          " >= 1, got (", f.u.rows(), ",", f.u.cols(), "), (", r, "), (", f.vt.rows(), ",",
          f.vt.cols(), ")");
}

}  // namespace svf
