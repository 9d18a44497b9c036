// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <type_traits>
#include <vector>

#include <Eigen/Core>
#include <Eigen/QR>

#include <svfmath/core/concepts.hpp>
#include <svfmath/core/detail/function_objects.hpp>
#include <svfmath/core/detail/square_blocks.hpp>
#include <svfmath/core/error.hpp>
#include <svfmath/core/matrix.hpp>
#include <svfmath/core/random.hpp>
#include <svfmath/core/view.hpp>
#include <svfmath/cpu/algorithm.hpp>
#include <svfmath/cpu/blas.hpp>
#include <svfmath/cpu/detail/block_reflector.hpp>
#include <svfmath/cpu/detail/eigen_svd.hpp>
#include <svfmath/cpu/detail/lower_triangle.hpp>
#include <svfmath/cpu/detail/padded_rows.hpp>
#include <svfmath/cpu/detail/tridiagonal_eigen.hpp>
#include <svfmath/cpu/detail/tridiagonal_reduction.hpp>
#include <svfmath/cpu/memory.hpp>
#include <svfmath/cpu/policy.hpp>

namespace svf::cpu {

namespace detail {

template <class T>
using dense = Eigen::Matrix<T, Eigen::Dynamic, Eigen::Dynamic>;

/// A copy of the view in Eigen's own, column-major order.
template <class T>
dense<T> load(matrix_view<T const> a) {
  dense<T> result(a.rows, a.cols);
  for (index_t j = 0; j < a.cols; ++j) {
    for (index_t i = 0; i < a.rows; ++i) {
      result(i, j) = a(i, j);
    }
  }
  return result;
}

template <class Source, class T>
void store(Source const& source, matrix_view<T> a) {
  for (index_t j = 0; j < a.cols; ++j) {
    for (index_t i = 0; i < a.rows; ++i) {
      a(i, j) = source(i, j);
    }
  }
}

/// A plus noise of one rounding error of its largest entry. Where a block of the bidiagonal matrix
/// is nothing but zeros and denormal numbers, as matrices of exactly low rank may have it, the
/// first entry of z is denormal, and `perturbCol0` of Eigen 3.4.0's BDCSVD reads perm(-1). Noise
/// fills such blocks.
template <class T>
dense<T> without_zero_blocks(dense<T> a) {
  random_stream const random(0x5356u);
  T const size = std::numeric_limits<T>::epsilon() * a.cwiseAbs().maxCoeff();
  for (index_t j = 0; j < a.cols(); ++j) {
    for (index_t i = 0; i < a.rows(); ++i) {
      a(i, j) += size * T(2.0 * random.uniform(std::uint64_t(j * a.rows() + i)) - 1.0);
    }
  }
  return a;
}

/// Whether U diag(s) Vᵀ is the SVD of A up to what rounding allows a stable method,
/// 30 max(m,n) ε. About 6mnr flops.
template <class T>
bool is_svd_of(matrix_view<T const> a, matrix_view<T const> u, vector_view<T const> s,
               matrix_view<T const> vt) {
  seq here;
  double const allowed =
      30.0 * double(std::max(a.rows, a.cols)) * double(std::numeric_limits<T>::epsilon());
  matrix<T> square(s.size, s.size);
  for (auto const& basis : {u, transposed(vt)}) {
    gram(here, basis, square.view());
    double const distance = svf::detail::reduce_elements(
        here, square.rows(), square.cols(),
        svf::detail::distance_from_identity<T, host_space>{square.view()}, svf::detail::larger());
    if (!(distance <= allowed)) {
      return false;
    }
  }
  matrix<T> scaled(u.rows, u.cols);
  matrix<T> rest(a.rows, a.cols);
  scale_columns(here, u, s, scaled.view());
  copy(here, a, rest.view());
  gemm(here, T(1), scaled.view(), vt, T(-1), rest.view());
  auto const length = [&](matrix_view<T const> x) {
    return std::sqrt(svf::detail::reduce_elements(
        here, x.rows, x.cols, svf::detail::squared_element<T, host_space>{x}, svf::detail::sum()));
  };
  return length(as_const(rest.view())) <= allowed * length(a);
}

}  // namespace detail

/// Eigenvalues λ (n, ascending) and orthonormal eigenvectors Q (n×n, in columns) of the symmetric
/// G (n×n): G = Q diag(λ) Qᵀ. Reads the lower triangle; Q may be the same view as G.
/// By blocked Householder reduction to tridiagonal form, divide and conquer and the reflectors in
/// blocks: ‖QᵀQ − I‖_max and ‖GQ − Q diag(λ)‖_F / ‖G‖_F are within about nε for every G; small λ
/// are as accurate as ε‖G‖ lets them be. With an `orthogonality` above 0, say 1e-8, it is enough if
/// ‖QᵀQ − I‖_max is within about that, and every column of GQ − Q diag(λ) within about nε‖G‖: where
/// G is positive definite and its eigenvalues are well separated, as those of most weights' Gram
/// matrices are, twisted factorisations then take the place of most of divide and conquer. Throws
/// `error{shape}`, and `error{numeric}` for NaN or Inf or if the iteration does not converge. About
/// 5n³ flops, 3.5n³ by twisted factorisations; 5n² elements of memory. The same bits on any number
/// of threads.
template <policy Exec, class T>
void eigh(Exec& exec, std::type_identity_t<matrix_view<T const>> g, vector_view<T> values,
          matrix_view<T> vectors, double orthogonality = 0.0) {
  expects(g.rows == g.cols && values.size == g.rows && vectors.rows == g.rows &&
              vectors.cols == g.rows,
          error_kind::shape, "eigh: expected G n x n, n values and n x n vectors, got ", g.rows,
          "x", g.cols, ", ", values.size, " and ", vectors.rows, "x", vectors.cols);
  index_t const n = g.rows;
  if (n == 0) {
    return;
  }
  T const largest = detail::largest_in_lower<Exec, T>(exec, g);
  T const scale = largest > T(0) ? largest : T(1);
  index_t const ld = detail::padded_stride<T>(n);
  auto storage = make_matrix<T>(exec, 2 * n, ld);
  for_each_index(exec, n, [&](index_t i) { std::fill_n(storage.view().row(i).data, ld, T(0)); });
  std::vector<T> d(std::size_t(n), T(0));
  std::vector<T> e(std::size_t(n), T(0));
  std::vector<T> tau(std::size_t(n), T(0));
  std::vector<index_t> order(std::size_t(n), 0);
  matrix_view<T> const a = storage.view().block(0, 0, n, n);  // the reduced matrix
  matrix_view<T> const x = storage.view().block(n, 0, n, n);  // eigenvectors, one a row
  detail::load_lower<Exec, T>(exec, g, scale, d.data(), a);
  detail::reduce_to_tridiagonal(exec, a, d.data(), e.data(), tau.data());
  expects(detail::tridiagonal_eigen(exec, d.data(), e.data(), x, order.data(), T(orthogonality)),
          error_kind::numeric, "eigh: the iteration did not converge for n = ", n);
  detail::apply_reflectors(exec, a, tau.data(), x, detail::reflectors_at_once(n));
  for (index_t j = 0; j < n; ++j) {
    values[j] = d[std::size_t(order[std::size_t(j)])] * scale;
  }
  gather_rows(exec, as_const(x), vector_view<index_t const>(order.data(), n), transposed(vectors));
}

/// How many matrices of order n `eigh_batch` is best given at once: one, since `for_each_problem`
/// keeps all threads busy.
template <policy Exec>
index_t eigh_batch_size(Exec&, index_t, double = 0.0, int = 1) {
  return 1;
}

/// Eigenvectors of b symmetric matrices G_i (n×n) that lie below each other in g (bn×n, row-major,
/// contiguous): G_i is replaced by Q_iᵀ, one eigenvector a row, in ascending order of the
/// eigenvalues. Throws `error{shape}` and what `eigh` throws; g then holds nothing of use.
template <policy Exec, class T>
void eigh_batch(Exec& exec, matrix_view<T> g) {
  index_t const n = g.cols;
  svf::detail::expect_square_blocks(g);
  vector<T> values(n);
  for (index_t first = 0; first < g.rows; first += n) {
    auto const block = g.rows_range(first, n);
    eigh(exec, as_const(transposed(block)), values.view(), transposed(block));
  }
}

/// X ← Q of X = QR with diag(R) >= 0, X (m×k), m >= k: the orthonormal basis nearest to the order
/// of X's columns, by Householder reflections. Throws `error{shape}`. About 4mk² flops on the
/// calling thread.
template <policy Exec, class T>
void qr(Exec&, matrix_view<T> x) {
  expects(x.rows >= x.cols, error_kind::shape,
          "qr: expected at least as many rows as columns, got ", x.rows, "x", x.cols);
  Eigen::HouseholderQR<detail::dense<T>> const solver(detail::load<T>(as_const(x)));
  detail::dense<T> q = detail::dense<T>::Identity(x.rows, x.cols);
  q.applyOnTheLeft(solver.householderQ());
  for (index_t j = 0; j < x.cols; ++j) {
    if (solver.matrixQR()(j, j) < T(0)) {
      q.col(j) = -q.col(j);
    }
  }
  detail::store(q, x);
}

using svf::direct_svd;

/// Thin SVD A = U diag(σ) Vᵀ of A (m×n): U (m×r), σ (r, descending), Vᵀ (r×n), r = min(m,n), by
/// Eigen's BDCSVD or JacobiSVD in precision T. BDCSVD of Eigen 3.4.0 calls wrong factors of some
/// sparse and rank-deficient matrices a success: its results are checked, and JacobiSVD takes over
/// where they fail. BDCSVD gets A with noise of one rounding error of the largest entry. Throws
/// `error{shape}`, and `error{numeric}` if the method fails. Runs on the calling thread. Costs half
/// a minute of compile time where it is used.
template <policy Exec, class T>
void svd(Exec&, direct_svd method, std::type_identity_t<matrix_view<T const>> a, matrix_view<T> u,
         vector_view<T> s, matrix_view<T> vt) {
  index_t const r = std::min(a.rows, a.cols);
  expects(u.rows == a.rows && u.cols == r && s.size == r && vt.rows == r && vt.cols == a.cols,
          error_kind::shape, "svd: outputs do not fit the thin SVD of a ", a.rows, "x", a.cols,
          " matrix");
  detail::dense<T> const input = detail::load<T>(a);
  auto const store = [&](auto const& solver) {
    expects(solver.info() == Eigen::Success, error_kind::numeric, "svd: no convergence for a ",
            a.rows, "x", a.cols, " matrix");
    for (index_t j = 0; j < r; ++j) {
      s[j] = solver.singularValues()[j];
    }
    detail::store(solver.matrixU(), u);
    detail::store(solver.matrixV(), transposed(vt));
  };
  if (method == direct_svd::divide_and_conquer) {
    auto const solver = detail::thin_bdcsvd(detail::without_zero_blocks<T>(input));
    if (solver.info() == Eigen::Success) {
      store(solver);
      if (detail::is_svd_of<T>(a, u, s, vt)) {
        return;
      }
    }
  }
  store(detail::thin_jacobisvd(input));
}

}  // namespace svf::cpu
