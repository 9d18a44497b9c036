// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <svfmath/core/error.hpp>
#include <svfmath/core/view.hpp>

namespace svf::detail {

/// Throws `error{shape}` unless g is a pile of n×n matrices, row by row without gaps.
template <class T, class Space>
void expect_square_blocks(matrix_view<T, Space> g) {
  expects(g.layout == order::row_major && (g.ld == g.cols || g.rows <= 1) &&
              (g.cols == 0 ? g.rows == 0 : g.rows % g.cols == 0),
          error_kind::shape, "eigh_batch: expected n x n matrices below each other, row by row ",
          "without gaps, got ", g.rows, "x", g.cols, " with ", g.ld, " elements from row to row");
}

}  // namespace svf::detail
