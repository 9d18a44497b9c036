// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <atomic>
#include <cmath>
#include <cstddef>
#include <numeric>
#include <vector>

#include <svfmath/core/view.hpp>
#include <svfmath/cpu/detail/gemm_packed.hpp>
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

/// Eigenpairs of the symmetric tridiagonal matrix with the diagonal d (n) and the elements e (n−1)
/// beside it, by divide and conquer (Cuppen 1981): d ← the eigenvalues, the rows of X (n×n), which
/// comes in as 0, ← the eigenvectors, `order` (n) ← the rows by ascending eigenvalue. Entries are
/// of size about 1. False if an iteration did not end; nothing that comes out is then of use. About
/// 4n³/3 flops without deflation. The same bits on any number of threads.
template <class Exec, class T>
bool divide_and_conquer(Exec& exec, T* d, T* e, matrix_view<T> x, index_t* order) {
  index_t const n = x.rows;
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
    for (index_t i = 0; i < size; ++i) {
      x(begin + i, begin + i) = T(1);
    }
    std::iota(order + begin, order + begin + size, index_t{0});
    bool const done = diagonalise(local, d + begin, e + begin, x.block(begin, begin, size, size));
    sort_by_value(d + begin, order + begin, size);
    return done;
  });

  using workspace = merge_workspace<T>;
  index_t values = 0;
  index_t indices = 0;
  for (int level = 1; level <= cut.levels(); ++level) {
    values = std::max(values, cut.parts(level) * workspace::values(cut.largest(level)));
    indices = std::max(indices, cut.parts(level) * workspace::indices(cut.largest(level)));
  }
  gemm_workspace<T> value_memory(values);
  std::vector<index_t> index_memory(std::size_t(indices), 0);
  std::vector<support> supports(std::size_t(n), support::both);
  for (int level = 1; level <= cut.levels() && good; ++level) {
    index_t const largest = cut.largest(level);
    good = all_parts(exec, cut.parts(level), [&](auto& local, index_t part) {
      index_t const begin = cut.begin(level, part);
      index_t const size = cut.size(level, part);
      index_t const upper_size = cut.size(level - 1, 2 * part);
      return merge(local, upper_size, e[begin + upper_size - 1], d + begin, order + begin,
                   x.block(begin, begin, size, size),
                   workspace(largest, value_memory.data() + part * workspace::values(largest),
                             index_memory.data() + part * workspace::indices(largest),
                             supports.data() + begin));
    });
  }
  return good;
}

}  // namespace svf::cpu::detail
