// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <atomic>
#include <cmath>
#include <cstddef>
#include <numeric>
#include <utility>
#include <vector>

#include <svfmath/core/matrix.hpp>
#include <svfmath/core/view.hpp>
#include <svfmath/cpu/detail/deflation.hpp>
#include <svfmath/cpu/detail/gemm_packed.hpp>
#include <svfmath/cpu/detail/merge_workspace.hpp>
#include <svfmath/cpu/detail/rank_one_merge.hpp>
#include <svfmath/cpu/detail/tridiagonal_qr.hpp>
#include <svfmath/cpu/policy.hpp>

namespace svf::cpu::detail {

/// A cut of 0 … n−1 into parts of about equal size, a power of two of them, that `level` merges of
/// neighbours make one again.
class halvings {
 public:
  /// Parts have at most `largest` >= 2 elements.
  halvings(index_t n, index_t largest) : n_(n) {
    while (ceil_div(n, parts(0)) > largest) {
      ++levels_;
    }
  }
  int levels() const { return levels_; }
  /// After `level` merges.
  index_t parts(int level) const { return index_t{1} << (levels_ - level); }
  index_t begin(int level, index_t part) const { return part * n_ / parts(level); }
  index_t size(int level, index_t part) const {
    return begin(level, part + 1) - begin(level, part);
  }
  index_t largest(int level) const { return ceil_div(n_, parts(level)); }

 private:
  index_t n_;
  int levels_ = 0;
};

/// body(local, i) for the `count` parts of a level: one thread each where that keeps all threads
/// busy, otherwise one after the other with all threads inside.
template <class Exec, class Body>
bool all_parts(Exec& exec, index_t count, Body&& body) {
  std::atomic<bool> good{true};
  if (count >= index_t(exec.threads())) {
    for_each_index(exec, count, [&](index_t i) {
      seq local;
      if (!body(local, i)) {
        good = false;
      }
    });
  } else {
    for (index_t i = 0; i < count && good; ++i) {
      good = body(exec, i);
    }
  }
  return good;
}

/// The eigenvectors of the parts as the rows of X (n×n), which comes in as 0: each part has a
/// diagonal block.
template <class T>
struct rows_of_vectors {
  matrix_view<T> x;

  matrix_view<T> part(index_t begin, index_t size) const {
    return x.block(begin, begin, size, size);
  }
  /// The vectors of the part ← the unit vectors.
  static void set_unit_vectors(matrix_view<T> part) {
    for (index_t i = 0; i < part.rows; ++i) {
      part(i, i) = T(1);
    }
  }
  static upper_half upper(index_t size) { return {size, size}; }
  /// z ← the last elements of the upper half's vectors and the first ones of the lower half's.
  static void seam(matrix_view<T> part, index_t upper_size, T* z) {
    for (index_t row = 0; row < part.rows; ++row) {
      z[row] = part(row, row < upper_size ? upper_size - 1 : upper_size);
    }
  }
  static merge_extent extent(index_t n, bool /*last_merge*/) { return {n, n, ceil_div(n, 2)}; }
  static constexpr bool after_last_merge = true;
};

/// Of these vectors the first and the last element, in the rows of X (n×2), which comes in as 0:
/// all that a merge reads, and nothing after the last one.
template <class T>
struct ends_of_vectors {
  matrix_view<T> x;

  matrix_view<T> part(index_t begin, index_t size) const { return x.rows_range(begin, size); }
  static void set_unit_vectors(matrix_view<T> part) {
    part(0, 0) = T(1);
    part(part.rows - 1, 1) = T(1);
  }
  static upper_half upper(index_t size) { return {size, 1}; }
  /// The elements beside the seam are neither the first nor the last of the merged vectors: these
  /// have 0 there.
  static void seam(matrix_view<T> part, index_t upper_size, T* z) {
    for (index_t row = 0; row < part.rows; ++row) {
      z[row] = std::exchange(part(row, row < upper_size ? 1 : 0), T(0));
    }
  }
  static merge_extent extent(index_t n, bool last_merge) {
    return {n, last_merge ? ceil_div(n, merge_rows) : n, 1};
  }
  static constexpr bool after_last_merge = false;
};

/// Cuppen's divide and conquer for the symmetric tridiagonal matrix with the diagonal d (n) and the
/// elements e (n−1) beside it: d ← the eigenvalues, `vectors` ← what they keep of the eigenvectors,
/// `order` (n) ← the rows by ascending eigenvalue. False if an iteration did not end.
template <class Exec, class T, class Vectors>
bool conquer(Exec& exec, T* d, T* e, Vectors const& vectors, index_t* order) {
  index_t const n = vectors.x.rows;
  halvings const cut(n, 32);
  for (index_t part = 1; part < cut.parts(0); ++part) {
    index_t const seam = cut.begin(0, part);
    T const size = std::abs(e[seam - 1]);
    d[seam - 1] -= size;
    d[seam] -= size;
  }
  bool good = all_parts(exec, cut.parts(0), [&](auto& local, index_t part) {
    index_t const begin = cut.begin(0, part);
    index_t const size = cut.size(0, part);
    auto const x = vectors.part(begin, size);
    Vectors::set_unit_vectors(x);
    std::iota(order + begin, order + begin + size, index_t{0});
    bool const done = diagonalise(local, d + begin, e + begin, x);
    sort_by_value(d + begin, order + begin, size);
    return done;
  });

  using workspace = merge_workspace<T>;
  auto const extent = [&](int level) {
    return Vectors::extent(cut.largest(level), level == cut.levels());
  };
  index_t values = 0;
  index_t indices = 0;
  for (int level = 1; level <= cut.levels(); ++level) {
    values = std::max(values, cut.parts(level) * workspace::values(extent(level)));
    indices = std::max(indices, cut.parts(level) * workspace::indices(extent(level)));
  }
  gemm_workspace<T> value_memory(values);
  std::vector<index_t> index_memory(std::size_t(indices), 0);
  std::vector<support> supports(std::size_t(n), support::both);
  for (int level = 1; level <= cut.levels() && good; ++level) {
    auto const extent_here = extent(level);
    bool const needed = Vectors::after_last_merge || level < cut.levels();
    good = all_parts(exec, cut.parts(level), [&](auto& local, index_t part) {
      index_t const begin = cut.begin(level, part);
      index_t const upper_size = cut.size(level - 1, 2 * part);
      auto const x = vectors.part(begin, cut.size(level, part));
      workspace const work(extent_here,
                           value_memory.data() + part * workspace::values(extent_here),
                           index_memory.data() + part * workspace::indices(extent_here),
                           supports.data() + begin);
      Vectors::seam(x, upper_size, work.z);
      return merge(local, Vectors::upper(upper_size), e[begin + upper_size - 1], d + begin,
                   order + begin, x, needed, work);
    });
  }
  return good;
}

/// Eigenpairs of the symmetric tridiagonal matrix with the diagonal d (n) and the elements e (n−1)
/// beside it, by divide and conquer (Cuppen 1981): d ← the eigenvalues, the rows of X (n×n), which
/// comes in as 0, ← the eigenvectors, `order` (n) ← the rows by ascending eigenvalue. Entries are
/// of size about 1. False if an iteration did not end; nothing that comes out is then of use. About
/// 4n³/3 flops without deflation. The same bits on any number of threads.
template <class Exec, class T>
bool divide_and_conquer(Exec& exec, T* d, T* e, matrix_view<T> x, index_t* order) {
  return conquer(exec, d, e, rows_of_vectors<T>{x}, order);
}

/// The eigenvalues alone, the same bits: d (n) ← them, `order` (n) ← their places by ascending
/// value. About 10 n² divisions.
template <class Exec, class T>
bool divide_and_conquer_values(Exec& exec, T* d, T* e, index_t n, index_t* order) {
  matrix<T> ends(n, 2);
  return conquer(exec, d, e, ends_of_vectors<T>{ends.view()}, order);
}

}  // namespace svf::cpu::detail
