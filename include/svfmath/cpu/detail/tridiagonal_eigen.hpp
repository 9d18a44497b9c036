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

/// The same by divide and conquer, and by QR steps should that not converge. Entries are of size
/// about 1. X comes in as 0.
template <class Exec, class T>
bool tridiagonal_eigen(Exec& exec, T* d, T* e, matrix_view<T> x, index_t* order) {
  std::vector<T> diagonal(d, d + x.rows);
  std::vector<T> beside(e, e + x.rows - 1);
  if (divide_and_conquer(exec, d, e, x, order)) {
    return true;
  }
  std::copy(diagonal.begin(), diagonal.end(), d);
  return tridiagonal_eigen_by_qr(exec, d, beside.data(), x, order);
}

}  // namespace svf::cpu::detail
