// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <concepts>
#include <cstddef>
#include <span>
#include <type_traits>

#include <svfmath/core/config.hpp>
#include <svfmath/core/error.hpp>

namespace svf {

/// Signed type of every extent, stride and offset.
using index_t = std::ptrdiff_t;

/// Memory spaces, part of every view's type: a host view never passes for a device view.
struct host_space {};
struct device_space {};

/// How the elements of a matrix follow each other in memory.
enum class order { row_major, col_major };

/// `size` elements of type T at `data`, `stride` elements apart. Does not own them.
template <class T, class Space = host_space>
struct vector_view {
  using value_type = std::remove_const_t<T>;
  using element_type = T;
  using space = Space;

  T* data = nullptr;
  index_t size = 0;
  index_t stride = 1;

  constexpr vector_view() = default;
  constexpr vector_view(T* data_, index_t size_, index_t stride_ = 1)
      : data(data_), size(size_), stride(stride_) {}

  /// A view of mutable elements is also a view of constant ones.
  template <class U>
    requires(std::same_as<U const, T> && !std::same_as<U, T>)
  constexpr vector_view(vector_view<U, Space> const& other)
      : data(other.data), size(other.size), stride(other.stride) {}

  SVFMATH_HOST_DEVICE constexpr T& operator[](index_t i) const { return data[i * stride]; }
  constexpr bool contiguous() const { return stride == 1 || size <= 1; }
};

/// `rows` × `cols` elements of type T at `data`; consecutive rows (row_major) or columns
/// (col_major) lie `ld` elements apart. Does not own them.
template <class T, class Space = host_space>
struct matrix_view {
  using value_type = std::remove_const_t<T>;
  using element_type = T;
  using space = Space;

  T* data = nullptr;
  index_t rows = 0;
  index_t cols = 0;
  index_t ld = 0;
  order layout = order::row_major;

  constexpr matrix_view() = default;
  constexpr matrix_view(T* data_, index_t rows_, index_t cols_)
      : data(data_), rows(rows_), cols(cols_), ld(cols_) {}
  constexpr matrix_view(T* data_, index_t rows_, index_t cols_, index_t ld_,
                        order layout_ = order::row_major)
      : data(data_), rows(rows_), cols(cols_), ld(ld_), layout(layout_) {}

  /// A view of mutable elements is also a view of constant ones.
  template <class U>
    requires(std::same_as<U const, T> && !std::same_as<U, T>)
  constexpr matrix_view(matrix_view<U, Space> const& other)
      : data(other.data), rows(other.rows), cols(other.cols), ld(other.ld), layout(other.layout) {}

  SVFMATH_HOST_DEVICE constexpr index_t size() const { return rows * cols; }
  SVFMATH_HOST_DEVICE constexpr index_t row_stride() const {
    return layout == order::row_major ? ld : 1;
  }
  SVFMATH_HOST_DEVICE constexpr index_t col_stride() const {
    return layout == order::row_major ? 1 : ld;
  }
  SVFMATH_HOST_DEVICE constexpr T& operator()(index_t i, index_t j) const {
    return data[i * row_stride() + j * col_stride()];
  }

  constexpr vector_view<T, Space> row(index_t i) const {
    return {data + i * row_stride(), cols, col_stride()};
  }
  constexpr vector_view<T, Space> col(index_t j) const {
    return {data + j * col_stride(), rows, row_stride()};
  }
  /// The `count_rows` × `count_cols` block whose first element is (i, j).
  constexpr matrix_view block(index_t i, index_t j, index_t count_rows, index_t count_cols) const {
    return {data + i * row_stride() + j * col_stride(), count_rows, count_cols, ld, layout};
  }
  constexpr matrix_view rows_range(index_t first, index_t count) const {
    return block(first, 0, count, cols);
  }
  constexpr matrix_view cols_range(index_t first, index_t count) const {
    return block(0, first, rows, count);
  }
};

/// The same elements read as the transpose. Costs nothing.
template <class T, class Space>
constexpr matrix_view<T, Space> transposed(matrix_view<T, Space> const& a) {
  return {a.data, a.cols, a.rows, a.ld,
          a.layout == order::row_major ? order::col_major : order::row_major};
}

/// A view with constant elements.
template <class T, class Space>
constexpr matrix_view<T const, Space> as_const(matrix_view<T, Space> const& a) {
  return {a.data, a.rows, a.cols, a.ld, a.layout};
}
template <class T, class Space>
constexpr vector_view<T const, Space> as_const(vector_view<T, Space> const& a) {
  return {a.data, a.size, a.stride};
}

}  // namespace svf
