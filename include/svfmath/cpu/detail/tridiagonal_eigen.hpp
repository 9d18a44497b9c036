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
/// beside it: d ← the eigenvalues, the rows of X (n×n) ← the eigenvectors, `order` (n) ← the rows by
/// ascending eigenvalue. By divide and conquer, or QR steps should that not converge; false if those
/// do not either. Entries are of size about 1. X comes in as 0.
template <class Exec, class T>
bool tridiagonal_eigen(Exec& exec, T* d, T* e, matrix_view<T> x, index_t* order) {
  index_t const n = x.rows;
  std::vector<T> diagonal(d, d + n);
  std::vector<T> beside(e, e + std::max<index_t>(n - 1, 0));
  if (divide_and_conquer(exec, d, e, x, order)) {
    return true;
  }
  for (index_t i = 0; i < n; ++i) {
    std::fill_n(&x(i, 0), n, T(0));
    x(i, i) = T(1);
  }
  std::copy(diagonal.begin(), diagonal.end(), d);
  bool const converged = diagonalise(exec, d, beside.data(), x);
  std::iota(order, order + n, index_t{0});
  std::sort(order, order + n,
            [&](index_t i, index_t j) { return d[i] < d[j] || (d[i] == d[j] && i < j); });
  return converged;
}

}  // namespace svf::cpu::detail
