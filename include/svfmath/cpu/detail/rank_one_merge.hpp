// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <array>
#include <atomic>
#include <cmath>
#include <cstddef>
#include <limits>
#include <numeric>

#include <svfmath/core/view.hpp>
#include <svfmath/cpu/blas.hpp>
#include <svfmath/cpu/detail/deflation.hpp>
#include <svfmath/cpu/detail/merge_workspace.hpp>
#include <svfmath/cpu/detail/padded_rows.hpp>
#include <svfmath/cpu/detail/secular_equation.hpp>
#include <svfmath/cpu/detail/tridiagonal_qr.hpp>
#include <svfmath/cpu/policy.hpp>

/// One merge of the divide-and-conquer method: from the eigenpairs of two halves to those of
/// diag(T_1, T_2) + ρ v vᵀ. With the eigenvectors of the halves this is diag(d) + ρ z zᵀ, which
/// deflation shrinks and the secular equation solves. The vectors are those of a matrix that has
/// the computed roots exactly: with the z that Löwner's formula gives for them, they are orthogonal
/// however close the roots are (Gu and Eisenstat, "A divide-and-conquer algorithm for the symmetric
/// tridiagonal eigenproblem", 1995).
namespace svf::cpu::detail {

/// How many of the first rows of X are eigenvectors of the upper half, and how many of its columns
/// are elements of those; the others belong to the lower half.
struct upper_half {
  index_t rows;
  index_t columns;
};

/// How many kept rows have each support; places follow in this order.
struct support_counts {
  index_t upper = 0;
  index_t both = 0;
  index_t lower = 0;
};

/// Gives every kept row its place, so that equal supports are neighbours.
template <class T>
support_counts group_by_support(index_t count, merge_workspace<T>& work) {
  std::array<index_t, 3> counts{};
  for (index_t i = 0; i < count; ++i) {
    ++counts[std::size_t(work.supports[work.kept[i]])];
  }
  std::array<index_t, 3> next{0, counts[0], counts[0] + counts[1]};
  for (index_t i = 0; i < count; ++i) {
    index_t const row = work.kept[i];
    index_t const place = next[std::size_t(work.supports[row])]++;
    work.place[i] = place;
    work.origin_row[place] = row;
  }
  return {counts[0], counts[1], counts[2]};
}

/// product(j) ← product(j) · (d_j − λ)/(pole − d_j) for `count` places; `own` is the place of the
/// pole, where the denominator is left out.
template <class T>
[[gnu::noinline]] void multiply_ratios(T const* delta, T const* poles, index_t count, T pole,
                                       index_t own, T* product) {
  T const kept = own >= 0 && own < count ? product[own] * delta[own] : T(0);
  for (index_t j = 0; j < count; ++j) {
    product[j] *= delta[j] / (pole - poles[j]);
  }
  if (own >= 0 && own < count) {
    product[own] = kept;
  }
}

/// The vector z_j / (d_j − λ), of length 1, in place of d_j − λ.
template <class T>
[[gnu::noinline]] void secular_vector(T const* z, index_t size, T* delta) {
  for (index_t j = 0; j < size; ++j) {
    delta[j] = z[j] / delta[j];
  }
  T const factor = T(1) / std::sqrt(dot(delta, delta, size));
  for (index_t j = 0; j < size; ++j) {
    delta[j] *= factor;
  }
}

/// Roots, or rows of vectors, that a thread takes at once.
inline constexpr index_t merge_rows = 16;

/// Roots of diag(poles) + z zᵀ, and in the rows of `s` their distances d_j − λ_i from the poles; if
/// not `keep` each group of `merge_rows` of them has one row for all. False if an iteration did not
/// end. 3 to 5 passes over the poles, of a division each, for every root.
template <class Exec, class T>
bool find_roots(Exec& exec, index_t count, T total_weight, bool keep, merge_workspace<T>& work) {
  index_t const ld = padded_stride<T>(count);
  secular_problem<T> const problem{count, work.poles, work.weights, total_weight, work.place};
  std::atomic<bool> converged{true};
  for_each_index(exec, ceil_div(count, merge_rows), [&](index_t group) {
    for (index_t i = group * merge_rows; i < std::min(count, (group + 1) * merge_rows); ++i) {
      auto const root = solve_secular(problem, i, work.s + (keep ? i : group) * ld);
      work.roots[i] = work.poles[root.origin] + root.offset;
      if (!root.converged) {
        converged = false;
      }
    }
  });
  return converged;
}

/// The rows of `s`, which come in as `find_roots` keeps them, ← the eigenvectors. Two passes and as
/// many divisions.
template <class Exec, class T>
void form_vectors(Exec& exec, index_t count, merge_workspace<T>& work) {
  index_t const size = padded<T>(count);
  index_t const ld = padded_stride<T>(count);
  constexpr index_t columns = 64;
  for_each_index(exec, ceil_div(count, columns), [&](index_t group) {
    index_t const first = group * columns;
    index_t const width = std::min(columns, count - first);
    T product[columns];
    std::fill_n(product, columns, T(1));
    for (index_t i = 0; i < count; ++i) {
      index_t const own = work.place[i];
      multiply_ratios(work.s + i * ld + first, work.poles + first, width, work.poles[own],
                      own - first, product);
    }
    for (index_t j = 0; j < width; ++j) {
      T const length = std::sqrt(std::abs(product[j]));
      work.new_z[first + j] = std::copysign(length, work.z[work.origin_row[first + j]]);
    }
  });
  std::fill(work.new_z + count, work.new_z + size, T(0));
  for_each_index(exec, ceil_div(count, merge_rows), [&](index_t group) {
    for (index_t i = group * merge_rows; i < std::min(count, (group + 1) * merge_rows); ++i) {
      secular_vector(work.new_z, size, work.s + i * ld);
    }
  });
}

/// The rows of X ← S times the kept rows, then the dropped rows. Only halves that are not 0 are
/// multiplied: 2k(n_1 k_1 + n_2 k_2) flops for k rows, k_i of them with elements in half i, which
/// has n_i columns of X.
template <class Exec, class T>
void update_rows(Exec& exec, index_t upper_size, support_counts counts, merge_workspace<T>& work,
                 matrix_view<T> x) {
  index_t const n = x.rows;
  index_t const lower_size = x.cols - upper_size;
  index_t const count = counts.upper + counts.both + counts.lower;
  index_t const in_upper = counts.upper + counts.both;
  index_t const in_lower = counts.both + counts.lower;
  index_t const upper_ld = padded_stride<T>(upper_size);
  index_t const lower_ld = padded_stride<T>(lower_size);
  T* const upper = work.rows;
  T* const lower = upper + in_upper * upper_ld;
  T* const dropped = lower + in_lower * lower_ld;
  index_t const dropped_ld = upper_ld + lower_ld;
  constexpr index_t some = 32;
  for_each_index(exec, ceil_div(n, some), [&](index_t group) {
    for (index_t p = group * some; p < std::min(n, (group + 1) * some); ++p) {
      if (p >= count) {
        std::copy_n(&x(work.dropped[p - count], 0), x.cols, dropped + (p - count) * dropped_ld);
        continue;
      }
      T const* const from = &x(work.origin_row[p], 0);
      if (p < in_upper) {
        std::copy_n(from, upper_size, upper + p * upper_ld);
      }
      if (p >= counts.upper) {
        std::copy_n(from + upper_size, lower_size, lower + (p - counts.upper) * lower_ld);
      }
    }
  });
  index_t const ld = padded_stride<T>(count);
  using view = matrix_view<T const>;
  gemm(exec, T(1), view(work.s, count, in_upper, ld), view(upper, in_upper, upper_size, upper_ld),
       T(0), x.block(0, 0, count, upper_size));
  gemm(exec, T(1), view(work.s + counts.upper, count, in_lower, ld),
       view(lower, in_lower, lower_size, lower_ld), T(0),
       x.block(0, upper_size, count, lower_size));
  for_each_index(exec, ceil_div(n - count, some), [&](index_t group) {
    for (index_t p = count + group * some; p < std::min(n, count + (group + 1) * some); ++p) {
      std::copy_n(dropped + (p - count) * dropped_ld, x.cols, &x(p, 0));
    }
  });
}

/// A power of two s with max(|d|, 2 |coupling|)/s in [1/2, 1), or 0 where the coupling or all of
/// them are too small to matter in a matrix with elements of size about 1.
template <class T>
T scale_of_update(index_t n, T coupling, T const* d, index_t const* order) {
  constexpr T negligible = std::numeric_limits<T>::min() / std::numeric_limits<T>::epsilon();
  T const largest =
      std::max({std::abs(d[order[0]]), std::abs(d[order[n - 1]]), T(2) * std::abs(coupling)});
  if (coupling == T(0) || largest <= negligible) {
    return T(0);
  }
  int exponent = 0;
  std::frexp(largest, &exponent);
  return std::ldexp(T(1), exponent);
}

/// d ← d/scale, and from the elements beside the seam in z this vector, of length 1, and its
/// supports. Returns ρ of ρ z zᵀ, 2 |coupling|/scale.
template <class T>
[[gnu::noinline]] T prepare_update(index_t n, index_t upper_size, T coupling, T scale, T* d,
                                   merge_workspace<T>& work) {
  // v has a 1 at the last place of the upper half and ±1 at the first one of the lower.
  T const upper = std::sqrt(T(0.5));
  T const lower = std::copysign(upper, coupling);
  for (index_t row = 0; row < n; ++row) {
    bool const in_upper = row < upper_size;
    d[row] /= scale;
    work.z[row] *= in_upper ? upper : lower;
    work.supports[row] = in_upper ? support::upper : support::lower;
  }
  return T(2) * std::abs(coupling) / scale;
}

/// Poles and weights ρ z² by place, padded. Returns the sum of the weights.
template <class T>
[[gnu::noinline]] T set_poles(index_t count, T rho, T const* d, merge_workspace<T>& work) {
  T total = T(0);
  for (index_t place = 0; place < count; ++place) {
    index_t const row = work.origin_row[place];
    work.poles[place] = d[row];
    work.weights[place] = rho * work.z[row] * work.z[row];
    total += work.weights[place];
  }
  for (index_t place = count; place < padded<T>(count); ++place) {
    work.poles[place] = T(8);  // roots are below 2
    work.weights[place] = T(0);
  }
  return total;
}

/// d (n) and the rows of X hold the eigenpairs of two diagonal blocks, and 0 in X outside of them;
/// `order` lists the rows of each block by ascending d, counted from its own first one; z of `work`
/// has the element beside the seam of each vector. They become the eigenpairs of the whole, where
/// the element `coupling` beside the diagonal joins the blocks, whose diagonals had |coupling|
/// taken off at the seam, and `order` lists all rows. Without `vectors` X need not hold anything
/// of use afterwards. False if an iteration did not end.
template <class Exec, class T>
bool merge(Exec& exec, upper_half const& upper, T coupling, T* d, index_t* order, matrix_view<T> x,
           bool vectors, merge_workspace<T> work) {
  index_t const n = x.rows;
  auto const ascending = [&](index_t i, index_t j) { return d[i] < d[j]; };
  for (index_t i = upper.rows; i < n; ++i) {
    order[i] += upper.rows;
  }
  std::merge(order, order + upper.rows, order + upper.rows, order + n, work.sorted, ascending);
  std::copy_n(work.sorted, n, order);
  T const scale = scale_of_update(n, coupling, d, order);
  if (scale == T(0)) {
    return true;
  }
  T const rho = prepare_update(n, upper.rows, coupling, scale, d, work);
  index_t const count =
      deflate(n, rho, d, work.z, work.supports, order, x, work.kept, work.dropped);
  if (count > 0) {
    auto const counts = group_by_support(count, work);
    T const total_weight = set_poles(count, rho, d, work);
    if (!find_roots(exec, count, total_weight, vectors, work)) {
      return false;
    }
    for (index_t i = count; i < n; ++i) {
      work.roots[i] = d[work.dropped[i - count]];
    }
    if (vectors) {
      form_vectors(exec, count, work);
      update_rows(exec, upper.columns, counts, work, x);
    }
    std::copy_n(work.roots, n, d);
    std::iota(order, order + n, index_t{0});
  }
  for (index_t i = 0; i < n; ++i) {
    d[i] *= scale;
  }
  // Rotations may have moved a value past others that were dropped before.
  sort_by_value(d, order, n);
  return true;
}

}  // namespace svf::cpu::detail
