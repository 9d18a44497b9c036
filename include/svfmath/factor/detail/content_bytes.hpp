// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <array>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <span>
#include <type_traits>
#include <vector>

#include <svfmath/core/view_conversion.hpp>

namespace svf::detail {

/// Calls update(bytes) with what the content of W (m×n) is, piece by piece: element size, m and n
/// as 64-bit integers, then the elements in row-major order, whatever order and leading dimension
/// they lie in. One pass.
template <matrix_like W, std::invocable<std::span<std::byte const>> Update>
void for_content_bytes(W const& w, Update&& update) {
  using T = matrix_value_t<W const>;
  static_assert(std::floating_point<T>, "content of a matrix: expected floating-point elements");
  auto const a = as_matrix(w);
  static_assert(std::is_same_v<typename decltype(a)::space, host_space>,
                "content of a matrix: expected a matrix in host memory");
  std::array<std::uint64_t, 3> const shape{sizeof(T), std::uint64_t(a.rows),
                                           std::uint64_t(a.cols)};
  update(std::as_bytes(std::span(shape)));
  auto const update_elements = [&](T const* data, index_t count) {
    update(std::as_bytes(std::span(data, std::size_t(count))));
  };
  if (a.col_stride() == 1 && a.row_stride() == a.cols) {
    update_elements(a.data, a.size());
  } else if (a.col_stride() == 1) {
    for (index_t i = 0; i < a.rows; ++i) {
      update_elements(&a(i, 0), a.cols);
    }
  } else {
    // A few rows at a time are gathered, so that each cache line is fetched once.
    constexpr index_t band = 16;
    std::vector<T> gathered(std::size_t(band * a.cols));
    for (index_t first = 0; first < a.rows; first += band) {
      index_t const rows = std::min(band, a.rows - first);
      for (index_t j = 0; j < a.cols; ++j) {
        for (index_t i = 0; i < rows; ++i) {
          gathered[std::size_t(i * a.cols + j)] = a(first + i, j);
        }
      }
      update_elements(gathered.data(), rows * a.cols);
    }
  }
}

}  // namespace svf::detail
