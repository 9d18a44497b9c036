// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <limits>
#include <vector>

#include <svfmath/core/error.hpp>
#include <svfmath/core/view.hpp>
#include <svfmath/cpu/policy.hpp>

/// Eigenvalues and eigenvectors of a symmetric tridiagonal matrix by implicit QR steps with
/// Wilkinson's shift (Golub and Van Loan, "Matrix Computations", 8.3). The rotations of many steps
/// are collected and then applied to one narrow panel of the vectors after the other, which stays
/// in the cache; applied one by one they would stream all of them through it for every step.
namespace svf::cpu::detail {

template <class T>
struct rotation {
  T c;
  T s;
};

/// Sweeps of rotations one after the other: a sweep rotates the pairs (first, first+1),
/// (first+1, first+2), … of neighbouring vectors, in this order.
template <class T>
struct sweeps {
  struct sweep {
    index_t first;
    std::size_t rotations;
  };
  std::vector<sweep> each;
  std::vector<rotation<T>> rotations;

  void clear() {
    each.clear();
    rotations.clear();
  }
};

/// Elements of every vector that make a panel.
inline constexpr index_t panel_width = 16;

/// The elements from `left` on, count <= panel_width of them, of all vectors, the rows of Q, ←
/// these after all sweeps. Never inlined: a compiler may contract c·l + s·r into a fused operation
/// in two ways, and every policy has to run the same choice.
template <class T>
[[gnu::noinline]] void apply_sweeps_to_panel(sweeps<T> const& all, matrix_view<T> q, index_t left,
                                             index_t count) {
  using values = std::array<T, std::size_t(panel_width)>;
  std::vector<values> panel(std::size_t(q.rows), values{});
  for (index_t j = 0; j < q.rows; ++j) {
    std::copy_n(&q(j, left), count, panel[std::size_t(j)].begin());
  }
  rotation<T> const* turn = all.rotations.data();
  for (auto const& sweep : all.each) {
    values* row = panel.data() + sweep.first;
    values upper = *row;
    for (std::size_t k = 0; k < sweep.rotations; ++k, ++row, ++turn) {
      auto const [c, s] = *turn;
      values const lower = row[1];
      for (std::size_t i = 0; i < upper.size(); ++i) {
        (*row)[i] = c * upper[i] + s * lower[i];
        upper[i] = c * lower[i] - s * upper[i];
      }
    }
    *row = upper;
  }
  for (index_t j = 0; j < q.rows; ++j) {
    std::copy_n(panel[std::size_t(j)].begin(), count, &q(j, left));
  }
}

/// Rows of Q (row-major) ← these after all sweeps, panel by panel.
template <class Exec, class T>
void apply_sweeps(Exec& exec, sweeps<T> const& all, matrix_view<T> q) {
  for_each_index(exec, (q.cols + panel_width - 1) / panel_width, [&](index_t p) {
    index_t const left = p * panel_width;
    apply_sweeps_to_panel(all, q, left, std::min(panel_width, q.cols - left));
  });
}

/// One implicit step on the block first … last of the diagonal `d` and subdiagonal `e`, added to
/// `all`.
template <class T>
[[gnu::noinline]] void qr_step(T* d, T* e, index_t first, index_t last, sweeps<T>& all) {
  T const half = (d[last - 1] - d[last]) / T(2);
  T const corner = e[last - 1];
  T const far = std::hypot(half, corner);
  T const shift = d[last] - corner / ((half + (half >= T(0) ? far : -far)) / corner);
  T x = d[first] - shift;
  T z = e[first];
  std::size_t const before = all.rotations.size();
  for (index_t k = first; k < last && z != T(0); ++k) {
    T const r = std::hypot(x, z);
    T const c = x / r;
    T const s = z / r;
    T const top_left = c * d[k] + s * e[k];  // the rows k and k+1 after rotating from the left
    T const top_right = c * e[k] + s * d[k + 1];
    T const low_left = c * e[k] - s * d[k];
    T const low_right = c * d[k + 1] - s * e[k];
    d[k] = c * top_left + s * top_right;
    d[k + 1] = c * low_right - s * low_left;
    e[k] = c * top_right - s * top_left;
    if (k > first) {
      e[k - 1] = r;
    }
    x = e[k];
    z = T(0);
    if (k + 1 < last) {
      z = s * e[k + 1];
      e[k + 1] = c * e[k + 1];
    }
    all.rotations.push_back({c, s});
  }
  all.each.push_back({first, all.rotations.size() - before});
}

/// d (n) and e (n−1) ← the eigenvalues, in no order, and 0; Q (n rows, row-major) ← Eᵀ Q, where the
/// columns of E are the eigenvectors: from the identity, Q becomes the eigenvectors, one a row.
/// Elements e below ε times the largest of T count as 0. False if the steps do not converge. About
/// 6n³ flops for an n×n matrix Q.
template <class Exec, class T>
bool diagonalise(Exec& exec, T* d, T* e, matrix_view<T> q) {
  constexpr std::size_t batch = 64;
  constexpr T epsilon = std::numeric_limits<T>::epsilon();
  T largest = std::abs(d[0]);
  for (index_t i = 1; i < q.rows; ++i) {
    largest = std::max({largest, std::abs(d[i]), std::abs(e[i - 1])});
  }
  T const negligible = std::max(largest * epsilon / T(2), std::numeric_limits<T>::min());
  sweeps<T> all;
  index_t steps = 0;
  index_t last = q.rows - 1;
  while (last > 0) {
    for (index_t i = 0; i < last; ++i) {
      if (std::abs(e[i]) <= negligible) {
        e[i] = T(0);
      }
    }
    while (last > 0 && e[last - 1] == T(0)) {
      --last;
    }
    if (last == 0) {
      break;
    }
    if (++steps > 30 * q.rows) {
      return false;
    }
    index_t first = last - 1;
    while (first > 0 && e[first - 1] != T(0)) {
      --first;
    }
    qr_step(d, e, first, last, all);
    if (all.each.size() == batch) {
      apply_sweeps(exec, all, q);
      all.clear();
    }
  }
  apply_sweeps(exec, all, q);
  return true;
}

/// Puts `order` (n), which lists the rows 0 … n−1, in ascending order of d; equal ones ascend.
template <class T>
void sort_by_value(T const* d, index_t* order, index_t n) {
  std::sort(order, order + n,
            [&](index_t i, index_t j) { return d[i] < d[j] || (d[i] == d[j] && i < j); });
}

}  // namespace svf::cpu::detail
