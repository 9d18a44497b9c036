// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstddef>
#include <numeric>
#include <vector>

#include <svfmath/core/matrix.hpp>
#include <svfmath/core/view.hpp>
#include <svfmath/cpu/detail/divide_and_conquer.hpp>
#include <svfmath/cpu/detail/tridiagonal_qr.hpp>
#include <svfmath/cpu/detail/twisted_factorisation.hpp>
#include <svfmath/cpu/detail/twisted_vectors.hpp>
#include <svfmath/cpu/policy.hpp>

namespace svf::cpu::detail {

/// Eigenpairs of the symmetric tridiagonal matrix with the diagonal d (n) and the elements e (n−1)
/// beside it, by QR steps: d ← the eigenvalues, e ← 0, the rows of X (n×n) ← the eigenvectors,
/// `order` (n) ← the rows by ascending eigenvalue. False if the steps do not converge.
template <class Exec, class T>
bool tridiagonal_eigen_by_qr(Exec& exec, T* d, T* e, matrix_view<T> x, index_t* order) {
  for (index_t i = 0; i < x.rows; ++i) {
    std::fill_n(&x(i, 0), x.cols, T(0));
    x(i, i) = T(1);
  }
  bool const converged = diagonalise(exec, d, e, x);
  std::iota(order, order + x.rows, index_t{0});
  sort_by_value(d, order, x.rows);
  return converged;
}

/// The same with the eigenvalues by divide and conquer and the vectors by twisted factorisations:
/// |v_iᵀ v_j| is within about `orthogonality` <= 1. False also where that cannot be had so, as for
/// a matrix that is not positive definite; X is of no use then.
template <class Exec, class T>
bool tridiagonal_eigen_by_twists(Exec& exec, T const* d, T const* e, T* values, matrix_view<T> x,
                                 index_t* order, T orthogonality) {
  index_t const n = x.rows;
  auto const ldl = factor_tridiagonal(d, e, n);
  if (!ldl) {
    return false;
  }
  std::vector<T> unsorted(d, d + n);
  std::vector<T> beside(e, e + n - 1);
  if (!divide_and_conquer_values(exec, unsorted.data(), beside.data(), n, order)) {
    return false;
  }
  std::vector<T> lambda;
  for (index_t i = 0; i < n; ++i) {
    lambda.push_back(unsorted[std::size_t(order[i])]);
  }
  if (!twisted_vectors(exec, *ldl, lambda, x, std::min(orthogonality, T(1)))) {
    return false;
  }
  std::copy(lambda.begin(), lambda.end(), values);
  std::iota(order, order + n, index_t{0});
  return true;
}

/// The same by divide and conquer, and by QR steps should that not converge. Entries are of size
/// about 1. With an `orthogonality` above 0 the vectors need to be orthogonal only to within that,
/// and come from twisted factorisations where these can do it: in half of the time at n = 576, in a
/// tenth at 4096.
template <class Exec, class T>
bool tridiagonal_eigen(Exec& exec, T* d, T* e, matrix_view<T> x, index_t* order,
                       T orthogonality = T(0)) {
  constexpr index_t worth_twists = 64;
  if (orthogonality > T(0) && x.rows >= worth_twists &&
      tridiagonal_eigen_by_twists(exec, d, e, d, x, order, orthogonality)) {
    return true;
  }
  std::vector<T> diagonal(d, d + x.rows);
  std::vector<T> beside(e, e + x.rows - 1);
  for_each_index(exec, x.rows, [&](index_t i) { std::fill_n(&x(i, 0), x.cols, T(0)); });
  if (divide_and_conquer(exec, d, e, x, order)) {
    return true;
  }
  std::copy(diagonal.begin(), diagonal.end(), d);
  return tridiagonal_eigen_by_qr(exec, d, beside.data(), x, order);
}

}  // namespace svf::cpu::detail
