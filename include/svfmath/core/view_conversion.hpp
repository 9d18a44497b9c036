// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <concepts>
#include <cstddef>
#include <span>
#include <type_traits>
#include <utility>

#include <svfmath/core/error.hpp>
#include <svfmath/core/view.hpp>

/// `as_matrix(x)` and `as_vector(x)` turn what the caller has into views. Containers are known by
/// the shape of their interface, so this header includes neither Eigen nor xtensor.
namespace svf {

namespace detail {

template <class X>
inline constexpr bool is_matrix_view = false;
template <class T, class Space>
inline constexpr bool is_matrix_view<matrix_view<T, Space>> = true;
template <class X>
inline constexpr bool is_vector_view = false;
template <class T, class Space>
inline constexpr bool is_vector_view<vector_view<T, Space>> = true;

template <class X>
using element_of = std::remove_pointer_t<decltype(std::declval<X&>().data())>;

template <class X>
concept has_matrix_view_member = requires(X& x) { requires is_matrix_view<decltype(x.view())>; };
template <class X>
concept has_vector_view_member = requires(X& x) { requires is_vector_view<decltype(x.view())>; };

/// Eigen::Matrix, Eigen::Map, Eigen::Ref and blocks with direct access.
template <class X>
concept eigen_like = requires(X& x) {
  x.data();
  { x.rows() } -> std::convertible_to<index_t>;
  { x.cols() } -> std::convertible_to<index_t>;
  { x.outerStride() } -> std::convertible_to<index_t>;
  { x.innerStride() } -> std::convertible_to<index_t>;
  { bool(std::remove_cvref_t<X>::IsRowMajor) };
};

/// xt::xarray, xt::xtensor, their adaptors and strided views with storage.
template <class X>
concept xtensor_like = requires(X& x) {
  x.data();
  { x.dimension() } -> std::convertible_to<std::size_t>;
  { x.shape(std::size_t{}) } -> std::convertible_to<std::size_t>;
  { x.strides()[0] } -> std::convertible_to<index_t>;
};

/// std::vector, std::array, std::span and other contiguous ranges.
template <class X>
concept span_like = !eigen_like<X> && !xtensor_like<X> && requires(X& x) {
  x.data();
  { x.size() } -> std::convertible_to<std::size_t>;
};

// The pointer to the first element, past the offset that views into a container carry.
template <class X>
constexpr auto* first_element(X& x) {
  if constexpr (requires { x.data_offset(); }) {
    return x.data() + x.data_offset();
  } else {
    return x.data();
  }
}

/// The view of elements whose rows lie `row_stride` and whose columns lie `col_stride` apart. The
/// stride of an extent of 1 is not looked at: xtensor writes 0 there, Eigen what it was cut from.
template <class T>
constexpr matrix_view<T> strided_matrix(T* data, index_t rows, index_t cols, index_t row_stride,
                                        index_t col_stride) {
  if (cols <= 1 || col_stride == 1) {
    return {data, rows, cols, rows > 1 ? row_stride : cols, order::row_major};
  }
  expects(rows <= 1 || row_stride == 1, error_kind::shape,
          "as_matrix: expected contiguous rows or columns, got strides ", row_stride, " and ",
          col_stride);
  return {data, rows, cols, col_stride, order::col_major};
}

}  // namespace detail

/// A dense matrix in anybody's container.
template <class X>
concept matrix_like = detail::is_matrix_view<std::remove_cvref_t<X>> ||
                      detail::has_matrix_view_member<X> || detail::eigen_like<X> ||
                      detail::xtensor_like<X>;

/// A dense vector in anybody's container.
template <class X>
concept vector_like = detail::is_vector_view<std::remove_cvref_t<X>> ||
                      detail::has_vector_view_member<X> || detail::eigen_like<X> ||
                      detail::xtensor_like<X> || detail::span_like<X>;

/// A view of the matrix `x` (m×n). Throws `error{shape}` if neither rows nor columns of an xtensor
/// or Eigen object are contiguous, or if an xtensor object is not two-dimensional. O(1).
template <matrix_like X>
constexpr auto as_matrix(X&& x) {
  using bare = std::remove_cvref_t<X>;
  if constexpr (detail::is_matrix_view<bare>) {
    return x;
  } else if constexpr (detail::has_matrix_view_member<X>) {
    return x.view();
  } else if constexpr (detail::eigen_like<X>) {
    return detail::strided_matrix(x.data(), index_t(x.rows()), index_t(x.cols()),
                                  index_t(bare::IsRowMajor ? x.outerStride() : x.innerStride()),
                                  index_t(bare::IsRowMajor ? x.innerStride() : x.outerStride()));
  } else {
    expects(x.dimension() == 2, error_kind::shape,
            "as_matrix: expected an xtensor object of dimension 2, got ", x.dimension());
    return detail::strided_matrix(detail::first_element(x), index_t(x.shape(0)),
                                  index_t(x.shape(1)), index_t(x.strides()[0]),
                                  index_t(x.strides()[1]));
  }
}

/// A view of the vector `x`. Throws `error{shape}` if an Eigen or xtensor object has more than one
/// dimension of extent above 1. O(1).
template <vector_like X>
constexpr auto as_vector(X&& x) {
  using bare = std::remove_cvref_t<X>;
  if constexpr (detail::is_vector_view<bare>) {
    return x;
  } else if constexpr (detail::has_vector_view_member<X>) {
    return x.view();
  } else if constexpr (detail::eigen_like<X>) {
    expects(x.rows() == 1 || x.cols() == 1, error_kind::shape,
            "as_vector: expected one row or one column, got ", x.rows(), "x", x.cols());
    bool const along_inner = bare::IsRowMajor ? x.rows() == 1 : x.cols() == 1;
    return vector_view<detail::element_of<X>>(x.data(), x.rows() * x.cols(),
                                              along_inner ? x.innerStride() : x.outerStride());
  } else if constexpr (detail::xtensor_like<X>) {
    expects(x.dimension() == 1, error_kind::shape,
            "as_vector: expected an xtensor object of dimension 1, got ", x.dimension());
    index_t const size = index_t(x.shape(0));
    return vector_view<detail::element_of<X>>(detail::first_element(x), size,
                                              size > 1 ? index_t(x.strides()[0]) : 1);
  } else {
    return vector_view<detail::element_of<X>>(x.data(), index_t(x.size()));
  }
}

/// The element type of what `as_matrix` or `as_vector` gives, without const.
template <class X>
using matrix_value_t = typename decltype(as_matrix(std::declval<X&>()))::value_type;
template <class X>
using vector_value_t = typename decltype(as_vector(std::declval<X&>()))::value_type;

}  // namespace svf
