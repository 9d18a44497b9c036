// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstddef>
#include <vector>

#include <svfmath/core/matrix.hpp>
#include <svfmath/core/view.hpp>
#include <svfmath/cpu/detail/map_elements.hpp>
#include <svfmath/cpu/policy.hpp>

namespace svf::cpu {

/// Room for `size` elements, not set. Throws `error{shape}` and std::bad_alloc.
template <class T, policy Exec>
buffer<T, host_space> allocate(Exec&, index_t size) {
  return buffer<T, host_space>::uninitialised(size);
}

/// destination(i,j) ← source(i,j), converted. Throws `error{shape}` if extents differ.
template <policy Exec, class S, class D>
void copy(Exec& exec, matrix_view<S> source, matrix_view<D> destination) {
  expects(source.rows == destination.rows && source.cols == destination.cols, error_kind::shape,
          "copy: expected equal extents, got ", source.rows, "x", source.cols, " and ",
          destination.rows, "x", destination.cols);
  if (destination.layout == order::col_major) {
    source = transposed(source);
    destination = transposed(destination);
  }
  detail::map_by_rows(exec, source, destination, [](S x, index_t, index_t) { return x; });
}

/// destination(i) ← source(i), converted. Throws `error{shape}` if sizes differ.
template <policy Exec, class S, class D>
void copy(Exec&, vector_view<S> source, vector_view<D> destination) {
  expects(source.size == destination.size, error_kind::shape, "copy: expected equal sizes, got ",
          source.size, " and ", destination.size);
  for (index_t i = 0; i < source.size; ++i) {
    destination[i] = static_cast<D>(source[i]);
  }
}

/// Matrices that a policy can read, by the order in which they were added: here, where they lie.
template <class T>
class carrier {
 public:
  void add(matrix_view<T const> a) { views_.push_back(a); }
  matrix_view<T const> view(std::size_t k) const { return views_[k]; }

 private:
  std::vector<matrix_view<T const>> views_;
};

/// A carrier to the memory of `exec`, empty.
template <class T, policy Exec>
carrier<T> make_carrier(Exec&) {
  return {};
}

}  // namespace svf::cpu
