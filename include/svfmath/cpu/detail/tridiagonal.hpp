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
/// are collected and then applied to one narrow panel of Q after the other, which stays in the
/// cache; applied one by one they would stream all of Q through it for every step.
namespace svf::cpu::detail {

template <class T>
struct rotation {
  T c;
  T s;
};

/// Rotations of the column pairs (first, first+1), (first+1, first+2), …, in this order.
template <class T>
struct sweep {
  index_t first;
  std::vector<rotation<T>> rotations;
};

/// Rows that make a panel.
inline constexpr index_t panel_rows = 16;

/// The rows top … top+count−1 of Q (n×n, column-major), count <= panel_rows, ← these rows times
/// all sweeps. Never inlined: a compiler may contract c·l + s·r into a fused operation in two ways,
/// and every policy has to run the same choice.
template <class T>
[[gnu::noinline]] void apply_sweeps_to_panel(std::vector<sweep<T>> const& sweeps, T* q, index_t n,
                                             index_t top, index_t count) {
  using values = std::array<T, std::size_t(panel_rows)>;
  std::vector<values> panel(std::size_t(n), values{});
  for (index_t j = 0; j < n; ++j) {
    std::copy_n(q + j * n + top, count, panel[std::size_t(j)].begin());
  }
  for (auto const& each : sweeps) {
    values* column = panel.data() + each.first;
    values left = *column;
    for (auto const [c, s] : each.rotations) {
      values const right = column[1];
      for (std::size_t i = 0; i < left.size(); ++i) {
        (*column)[i] = c * left[i] + s * right[i];
        left[i] = c * right[i] - s * left[i];
      }
      ++column;
    }
    *column = left;
  }
  for (index_t j = 0; j < n; ++j) {
    std::copy_n(panel[std::size_t(j)].begin(), count, q + j * n + top);
  }
}

/// Columns of Q (n×n, column-major) ← Q times all sweeps, panel of rows by panel of rows.
template <class Exec, class T>
void apply_sweeps(Exec& exec, std::vector<sweep<T>> const& sweeps, T* q, index_t n) {
  for_each_index(exec, (n + panel_rows - 1) / panel_rows, [&](index_t p) {
    index_t const top = p * panel_rows;
    apply_sweeps_to_panel(sweeps, q, n, top, std::min(panel_rows, n - top));
  });
}

/// One implicit step on the block first … last of the diagonal `d` and subdiagonal `e`.
template <class T>
sweep<T> qr_step(std::vector<T>& d, std::vector<T>& e, std::size_t first, std::size_t last) {
  T const half = (d[last - 1] - d[last]) / T(2);
  T const corner = e[last - 1];
  T const far = std::hypot(half, corner);
  T const shift = d[last] - corner / ((half + (half >= T(0) ? far : -far)) / corner);
  T x = d[first] - shift;
  T z = e[first];
  sweep<T> result{index_t(first), {}};
  result.rotations.reserve(last - first);
  for (std::size_t k = first; k < last && z != T(0); ++k) {
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
    result.rotations.push_back({c, s});
  }
  return result;
}

/// d (n) and e (n−1) ← the eigenvalues, in no order, and 0; Q (n×n, column-major) ← Q times the
/// eigenvectors. False if the steps do not converge. About 6n³ flops.
template <class Exec, class T>
bool diagonalise(Exec& exec, std::vector<T>& d, std::vector<T>& e, T* q) {
  constexpr std::size_t batch = 64;
  constexpr T epsilon = std::numeric_limits<T>::epsilon();
  constexpr T tiny = std::numeric_limits<T>::min();
  std::size_t const n = d.size();
  std::vector<sweep<T>> sweeps;
  std::size_t steps = 0;
  std::size_t last = n - 1;
  while (last > 0) {
    for (std::size_t i = 0; i < last; ++i) {
      if (std::abs(e[i]) <= epsilon * (std::abs(d[i]) + std::abs(d[i + 1])) ||
          std::abs(e[i]) <= tiny) {
        e[i] = T(0);
      }
    }
    while (last > 0 && e[last - 1] == T(0)) {
      --last;
    }
    if (last == 0) {
      break;
    }
    if (++steps > 30 * n) {
      return false;
    }
    std::size_t first = last - 1;
    while (first > 0 && e[first - 1] != T(0)) {
      --first;
    }
    sweeps.push_back(qr_step(d, e, first, last));
    if (sweeps.size() == batch) {
      apply_sweeps(exec, sweeps, q, index_t(n));
      sweeps.clear();
    }
  }
  apply_sweeps(exec, sweeps, q, index_t(n));
  return true;
}

}  // namespace svf::cpu::detail
