// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <concepts>
#include <cstddef>
#include <limits>
#include <type_traits>

#include <cuda_runtime_api.h>

#include <svfmath/core/error.hpp>
#include <svfmath/core/matrix.hpp>
#include <svfmath/core/view.hpp>
#include <svfmath/cuda/policy.hpp>

namespace svf::cuda::detail {

template <class S, class D>
inline constexpr bool same_elements = std::same_as<std::remove_const_t<S>, D>;

template <class S, class D>
void expect_equal_extents(S const& source, D const& destination) {
  expects(source.rows == destination.rows && source.cols == destination.cols, error_kind::shape,
          "copy: expected equal extents, got ", source.rows, "x", source.cols, " and ",
          destination.rows, "x", destination.cols);
}

template <class T, class Space>
matrix_view<T, Space> as_column(vector_view<T, Space> x) {
  return {x.data, x.size, 1, x.stride};
}

/// How many runs of adjacent elements a view has, and their length.
template <class View>
index_t runs_of(View const& a) {
  return a.layout == order::row_major ? a.rows : a.cols;
}
template <class View>
index_t length_of(View const& a) {
  return a.layout == order::row_major ? a.cols : a.rows;
}

/// Room on the device for a matrix of the extents and the order of `like`.
template <class T, class Like>
matrix<T, device_space> staging(stream_policy& exec, Like const& like) {
  return make_matrix<T>(exec, runs_of(like), length_of(like));
}

/// What `staging` made, as a view of the extents and the order of `like`.
template <class Matrix, class Like>
auto in_order_of(Matrix& staged, Like const& like) {
  return like.layout == order::row_major ? staged.view() : transposed(staged.view());
}

/// Whether views of equal extents and order each are one piece of memory.
template <class S, class D>
bool in_one_piece(S const& source, D const& destination) {
  index_t const length = length_of(source);
  return runs_of(source) <= 1 || (source.ld == length && destination.ld == length);
}

/// Throws `error{shape}` unless the copy engine can step over both views.
template <class S, class D>
void expect_pitch(S const& source, D const& destination) {
  index_t const length = length_of(source);
  index_t const widest = std::max(source.ld, destination.ld);
  expects(std::min(source.ld, destination.ld) >= length &&
              widest <= std::numeric_limits<int>::max() / index_t(sizeof(typename D::value_type)),
          error_kind::shape, "copy: expected runs of ", length,
          " elements that lie apart and less than 2 GiB, got leading dimensions ", source.ld,
          " and ", destination.ld);
}

/// Copies equal elements between views of equal extents and order with the copy engine.
template <class S, class D>
void copy_rows(stream_policy& exec, S source, D destination, cudaMemcpyKind kind) {
  index_t const runs = runs_of(source);
  index_t const length = length_of(source);
  if (runs == 0 || length == 0) {
    return;
  }
  on_device const here(exec.device());
  std::size_t const element = sizeof(typename D::value_type);
  std::size_t const width = std::size_t(length) * element;
  if (in_one_piece(source, destination)) {
    check(cudaMemcpyAsync(destination.data, source.data, std::size_t(runs) * width, kind,
                          exec.stream()),
          "cudaMemcpyAsync");
    return;
  }
  expect_pitch(source, destination);
  check(cudaMemcpy2DAsync(destination.data, std::size_t(destination.ld) * element, source.data,
                          std::size_t(source.ld) * element, width, std::size_t(runs), kind,
                          exec.stream()),
        "cudaMemcpy2DAsync");
}

}  // namespace svf::cuda::detail
