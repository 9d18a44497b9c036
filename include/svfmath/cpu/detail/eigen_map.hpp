// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <Eigen/Core>

#include <svfmath/core/view.hpp>

namespace svf::cpu::detail {

template <class T, int Order>
using eigen_map = Eigen::Map<Eigen::Matrix<T, Eigen::Dynamic, Eigen::Dynamic, Order> const,
                             Eigen::Unaligned, Eigen::OuterStride<>>;

/// Calls `f` with an Eigen map of the view in its own order.
template <class T, class F>
decltype(auto) with_eigen(matrix_view<T const> a, F&& f) {
  if (a.layout == order::row_major) {
    return f(eigen_map<T, Eigen::RowMajor>(a.data, a.rows, a.cols, Eigen::OuterStride<>(a.ld)));
  }
  return f(eigen_map<T, Eigen::ColMajor>(a.data, a.rows, a.cols, Eigen::OuterStride<>(a.ld)));
}

}  // namespace svf::cpu::detail
