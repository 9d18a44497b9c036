// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <numeric>
#include <span>
#include <utility>
#include <vector>

#include <svfmath/core/detail/function_objects.hpp>
#include <svfmath/core/error.hpp>
#include <svfmath/core/matrix.hpp>
#include <svfmath/core/view.hpp>
#include <svfmath/core/view_conversion.hpp>
#include <svfmath/factor/detail/inspect.hpp>

namespace svf::detail {

/// Singular triplets (u_j, s_j, v_j) of an m×n matrix in double, one a row, in any order.
template <class Space>
struct triplets {
  matrix<double, Space> ut;     // (r,m) u_j times its length
  matrix<double, Space> vt;     // (r,n)
  std::vector<double> s;        // one for each row that is filled
  std::vector<double> lengths;  // of the rows of ut: 1, or whatever came cheaply

  triplets(matrix<double, Space> ut_, matrix<double, Space> vt_, std::vector<double> s_,
           std::vector<double> lengths_)
      : ut(std::move(ut_)), vt(std::move(vt_)), s(std::move(s_)), lengths(std::move(lengths_)) {}
  template <class Exec>
  triplets(Exec& exec, index_t r, index_t m, index_t n)
      : ut(make_matrix<double>(exec, r, m)), vt(make_matrix<double>(exec, r, n)) {}

  index_t count() const { return index_t(s.size()); }
  index_t missing() const { return ut.rows() - count(); }
  /// The rows of ut that are filled (count × m): U where all lengths are 1.
  matrix_view<double const, Space> done() const { return ut.view().rows_range(0, count()); }
};

/// The positions of `values` from the largest to the smallest, equal ones in their order.
inline std::vector<index_t> descending(std::span<double const> values) {
  std::vector<index_t> order(values.size());
  std::iota(order.begin(), order.end(), index_t{0});
  std::stable_sort(order.begin(), order.end(), [&](index_t i, index_t j) {
    return values[std::size_t(i)] > values[std::size_t(j)];
  });
  return order;
}

/// ‖x_j‖₂ of every row.
template <class Exec, class Space>
std::vector<double> row_norms(Exec& exec, matrix_view<double const, Space> x) {
  auto squares = make_vector<double>(exec, x.rows);
  column_dots(exec, transposed(x), transposed(x), squares.view());
  std::vector<double> norms(std::size_t(x.rows));
  copy(exec, squares.view(), vector_view<double>(norms.data(), x.rows));
  for (double& value : norms) {
    value = std::sqrt(value);
  }
  return norms;
}

/// x_j ← y_rows[j] / lengths[rows[j]].
template <class Exec, class Space>
void gather_unit_rows(Exec& exec, matrix_view<double const, Space> y,
                      std::span<double const> lengths, std::span<index_t const> rows,
                      matrix_view<double, Space> x) {
  std::vector<double> factors;
  for (index_t const row : rows) {
    factors.push_back(1.0 / lengths[std::size_t(row)]);
  }
  gather_rows(exec, y, as_vector(rows), as_vector(std::as_const(factors)), x);
}

/// x ← x (I − U Uᵀ), twice: the rows of x (k×m) without their parts along the rows of ut (g×m).
/// Once leaves what rounding adds along U; twice is enough. 8gmk flops.
template <class Exec, class Space>
void project_out(Exec& exec, matrix_view<double const, Space> ut, matrix_view<double, Space> x) {
  if (ut.rows == 0) {
    return;
  }
  auto along = make_matrix<double>(exec, x.rows, ut.rows);  // (k,g)
  for (int pass = 0; pass < 2; ++pass) {
    gemm(exec, 1.0, as_const(x), transposed(ut), 0.0, along.view());
    gemm(exec, -1.0, as_const(along.view()), ut, 1.0, x);
  }
}

/// Makes the rows of x (k×m) orthonormal, and orthogonal to the orthonormal rows of ut (g×m), g+k
/// <= m. QR fills in for rows that are nothing but the rounding of others, with directions that may
/// lie along U; so projection and QR take turns, twice, and again while an inner product is left.
/// Throws `error{numeric}` if that does not end. About 16gkm + 8k²m flops.
template <class Exec, class Space>
void orthonormalise(Exec& exec, matrix_view<double const, Space> ut,
                    matrix_view<double, Space> x) {
  constexpr int most_turns = 8;
  constexpr double rounding = 1e-12;
  for (int turn = 1; turn <= most_turns; ++turn) {
    project_out(exec, ut, x);
    qr(exec, transposed(x));
    if (turn == 1) {
      continue;
    }
    auto along = make_matrix<double>(exec, x.rows, ut.rows);  // (k,g)
    gemm(exec, 1.0, as_const(x), transposed(ut), 0.0, along.view());
    if (reduce_elements(exec, along.rows(), along.cols(), magnitude<double, Space>{along.view()},
                        larger()) <= rounding) {
      return;
    }
  }
  fail(error_kind::numeric, "factorize: ", x.rows, " singular vectors could not be made orthogonal",
       " to ", ut.rows, " others in ", most_turns, " turns");
}

}  // namespace svf::detail
