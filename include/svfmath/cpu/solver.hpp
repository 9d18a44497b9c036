// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <Eigen/Core>
#include <Eigen/Eigenvalues>
#include <Eigen/SVD>

#include <svfmath/core/error.hpp>
#include <svfmath/core/view.hpp>
#include <svfmath/cpu/blas.hpp>
#include <svfmath/cpu/detail/eigen_svd.hpp>
#include <svfmath/cpu/policy.hpp>

namespace svf::cpu {

/// Eigenvalues λ (n, ascending) and orthonormal eigenvectors Q (n×n, in columns) of the symmetric
/// G (n×n): G = Q diag(λ) Qᵀ. Reads the lower triangle; Q may be the same view as G.
/// Throws `error{shape}`, and `error{numeric}` if the iteration does not converge. About 9n³ flops.
template <policy Exec, class T>
void eigh(Exec&, std::type_identity_t<matrix_view<T const>> g, vector_view<T> values,
          matrix_view<T> vectors) {
  expects(g.rows == g.cols && values.size == g.rows && vectors.rows == g.rows &&
              vectors.cols == g.rows,
          error_kind::shape, "eigh: expected G n x n, n values and n x n vectors, got ", g.rows,
          "x", g.cols, ", ", values.size, " and ", vectors.rows, "x", vectors.cols);
  using dense = Eigen::Matrix<T, Eigen::Dynamic, Eigen::Dynamic>;
  dense input = detail::with_eigen(g, [](auto const& map) -> dense { return map; });
  Eigen::SelfAdjointEigenSolver<dense> const solver(input);
  expects(solver.info() == Eigen::Success, error_kind::numeric,
          "eigh: the iteration did not converge for n = ", g.rows);
  for (index_t i = 0; i < g.rows; ++i) {
    values[i] = solver.eigenvalues()[i];
    for (index_t j = 0; j < g.rows; ++j) {
      vectors(i, j) = solver.eigenvectors()(i, j);
    }
  }
}

/// The direct methods of `svd`.
enum class direct_svd { divide_and_conquer, jacobi };

/// Thin SVD A = U diag(σ) Vᵀ of A (m×n): U (m×r), σ (r, descending), Vᵀ (r×n), r = min(m,n), by
/// Eigen's BDCSVD or JacobiSVD in precision T. Throws `error{shape}`, and `error{numeric}` if the
/// method fails.
template <policy Exec, class T>
void svd(Exec&, direct_svd method, std::type_identity_t<matrix_view<T const>> a, matrix_view<T> u,
         vector_view<T> s, matrix_view<T> vt) {
  index_t const r = std::min(a.rows, a.cols);
  expects(u.rows == a.rows && u.cols == r && s.size == r && vt.rows == r && vt.cols == a.cols,
          error_kind::shape, "svd: outputs do not fit the thin SVD of a ", a.rows, "x", a.cols,
          " matrix");
  using dense = Eigen::Matrix<T, Eigen::Dynamic, Eigen::Dynamic>;
  dense const input = detail::with_eigen(a, [](auto const& map) -> dense { return map; });
  auto const store = [&](auto const& solver) {
    expects(solver.info() == Eigen::Success, error_kind::numeric, "svd: no convergence for a ",
            a.rows, "x", a.cols, " matrix");
    for (index_t j = 0; j < r; ++j) {
      s[j] = solver.singularValues()[j];
      for (index_t i = 0; i < a.rows; ++i) {
        u(i, j) = solver.matrixU()(i, j);
      }
      for (index_t i = 0; i < a.cols; ++i) {
        vt(j, i) = solver.matrixV()(i, j);
      }
    }
  };
  if (method == direct_svd::divide_and_conquer) {
    store(detail::thin_bdcsvd(input));
  } else {
    store(detail::thin_jacobisvd(input));
  }
}

}  // namespace svf::cpu
