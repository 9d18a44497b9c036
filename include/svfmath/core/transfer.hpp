// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <concepts>

#include <svfmath/core/matrix.hpp>
#include <svfmath/core/view_conversion.hpp>

/// Owning copies between the host's memory and that of a policy, over its primitive `copy`. Every
/// copy from or to the host is over when the call returns.
namespace svf {

/// The matrix x (m×n) in the memory of `exec`. Throws what `make_matrix` and `copy` throw.
template <class Exec, matrix_like X>
auto matrix_on(Exec& exec, X const& x) -> matrix<matrix_value_t<X const>, typename Exec::space> {
  auto const source = as_matrix(x);
  auto result = make_matrix<matrix_value_t<X const>>(exec, source.rows, source.cols);
  copy(exec, source, result.view());
  return result;
}

/// The vector x (n) in the memory of `exec`.
template <class Exec, vector_like X>
auto vector_on(Exec& exec, X const& x) -> vector<vector_value_t<X const>, typename Exec::space> {
  auto const source = as_vector(x);
  auto result = make_vector<vector_value_t<X const>>(exec, source.size);
  copy(exec, source, result.view());
  return result;
}

/// The matrix x (m×n) in the host's memory.
template <class Exec, matrix_like X>
auto host_matrix(Exec& exec, X const& x) -> matrix<matrix_value_t<X const>> {
  auto const source = as_matrix(x);
  matrix<matrix_value_t<X const>> result(source.rows, source.cols);
  copy(exec, source, result.view());
  return result;
}

/// The vector x (n) in the host's memory.
template <class Exec, vector_like X>
auto host_vector(Exec& exec, X const& x) -> vector<vector_value_t<X const>> {
  auto const source = as_vector(x);
  vector<vector_value_t<X const>> result(source.size);
  copy(exec, source, result.view());
  return result;
}

namespace detail {

/// What the host can read x by: x itself where it lies in host memory, otherwise a copy.
template <class Exec, class T, class Space>
auto readable(Exec& exec, vector_view<T, Space> x) {
  if constexpr (std::same_as<Space, host_space>) {
    return x;
  } else {
    return host_vector(exec, x);
  }
}

template <class Exec, class T, class Space>
auto readable(Exec& exec, matrix_view<T, Space> x) {
  if constexpr (std::same_as<Space, host_space>) {
    return x;
  } else {
    return host_matrix(exec, x);
  }
}

/// What the policy can read x by: x itself where it lies in the policy's memory, otherwise a copy.
template <class Exec, class T, class Space>
auto reachable(Exec& exec, vector_view<T, Space> x) {
  if constexpr (std::same_as<Space, typename Exec::space>) {
    return x;
  } else {
    return vector_on(exec, x);
  }
}
template <class Exec, class T, class Space>
auto reachable(Exec& exec, matrix_view<T, Space> x) {
  if constexpr (std::same_as<Space, typename Exec::space>) {
    return x;
  } else {
    return matrix_on(exec, x);
  }
}

/// x(i) and a(i,j) on the host.
template <class Exec, class T, class Space>
auto value_at(Exec& exec, vector_view<T, Space> x, index_t i) {
  return host_vector(exec, vector_view<T const, Space>(x.data + i * x.stride, 1))[0];
}
template <class Exec, class T, class Space>
auto value_at(Exec& exec, matrix_view<T, Space> a, index_t i, index_t j) {
  return value_at(exec, a.row(i), j);
}

}  // namespace detail

}  // namespace svf
