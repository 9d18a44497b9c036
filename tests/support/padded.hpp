// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstddef>
#include <vector>

#include <svfmath/core/matrix.hpp>
#include <svfmath/core/random.hpp>
#include <svfmath/core/transfer.hpp>
#include <svfmath/core/view.hpp>

namespace test {

/// A view of random numbers with a random order and a leading dimension larger than it must be.
template <class T>
struct padded {
  std::vector<T> values;
  svf::matrix_view<T> view;

  padded(svf::index_t rows, svf::index_t cols, svf::generator& random) {
    bool const by_rows = random.below(2) == 0;
    svf::index_t const ld = (by_rows ? cols : rows) + svf::index_t(random.below(9));
    values.resize(std::size_t(std::max<svf::index_t>(1, ld * (by_rows ? rows : cols))));
    for (T& x : values) {
      x = T(random.normal());
    }
    view = {values.data(), rows, cols, ld, by_rows ? svf::order::row_major : svf::order::col_major};
  }
  padded(padded const&) = delete;
  padded& operator=(padded const&) = delete;

  /// Whether the i-th of `values` is an element of the matrix rather than padding.
  bool holds(std::size_t i) const {
    svf::index_t const length = view.layout == svf::order::row_major ? view.cols : view.rows;
    return svf::index_t(i) % view.ld < length;
  }
};

/// A copy of all of it, padding included, in the memory of a policy.
template <class Exec, class T>
struct placed {
  svf::vector<T, typename Exec::space> values;
  svf::matrix_view<T, typename Exec::space> view;

  placed(Exec& exec, padded<T> const& source)
      : values(svf::vector_on(exec, source.values)),
        view(values.data(), source.view.rows, source.view.cols, source.view.ld,
             source.view.layout) {}

  /// Copies back what is there now.
  void fetch(Exec& exec, padded<T>& target) const {
    svf::vector_view<T> const all(target.values.data(), svf::index_t(target.values.size()));
    copy(exec, values.view(), all);
  }
};

/// One of a few extents around the sizes of blocks and vectors.
inline svf::index_t extent(svf::generator& random) {
  constexpr svf::index_t extents[] = {1, 2, 3, 7, 8, 9, 16, 33, 64, 97, 130, 257};
  return extents[random.below(std::size(extents))];
}

}  // namespace test
