// SPDX-License-Identifier: Apache-2.0
#include <svfmath/core/view.hpp>

#include <array>
#include <concepts>
#include <numeric>

#include <doctest/doctest.h>

using svf::index_t;

namespace {

std::array<int, 24> counted() {
  std::array<int, 24> values{};
  std::iota(values.begin(), values.end(), 0);
  return values;
}

}  // namespace

TEST_CASE("view: element (i, j) lies at i ld + j by rows and at i + j ld by columns") {
  auto values = counted();
  svf::matrix_view<int> const by_rows(values.data(), 3, 4, 6);
  svf::matrix_view<int> const by_cols(values.data(), 3, 4, 6, svf::order::col_major);
  for (index_t i = 0; i < 3; ++i) {
    for (index_t j = 0; j < 4; ++j) {
      CHECK(by_rows(i, j) == i * 6 + j);
      CHECK(by_cols(i, j) == i + j * 6);
    }
  }
}

TEST_CASE("view: rows, columns, blocks and the transpose address the same elements") {
  auto values = counted();
  for (svf::order const layout : {svf::order::row_major, svf::order::col_major}) {
    svf::matrix_view<int> const a(values.data(), 4, 3, 5, layout);
    for (index_t i = 0; i < a.rows; ++i) {
      for (index_t j = 0; j < a.cols; ++j) {
        CHECK(&a.row(i)[j] == &a(i, j));
        CHECK(&a.col(j)[i] == &a(i, j));
        CHECK(&svf::transposed(a)(j, i) == &a(i, j));
      }
    }
    auto const block = a.block(1, 1, 2, 2);
    CHECK(block.rows == 2);
    CHECK(block.cols == 2);
    CHECK(&block(1, 1) == &a(2, 2));
    CHECK(&a.rows_range(2, 2)(0, 1) == &a(2, 1));
    CHECK(&a.cols_range(1, 2)(3, 0) == &a(3, 1));
    CHECK(a.rows_range(2, 2).cols == 3);
    CHECK(a.cols_range(1, 2).rows == 4);
  }
}

TEST_CASE("view: a vector with a stride is contiguous only where that cannot be told") {
  auto values = counted();
  svf::vector_view<int> const every_third(values.data(), 8, 3);
  CHECK(every_third[7] == 21);
  CHECK_FALSE(every_third.contiguous());
  CHECK(svf::vector_view<int>(values.data(), 1, 3).contiguous());
  CHECK(svf::vector_view<int>(values.data(), 8).contiguous());
}

TEST_CASE("view: mutable converts to constant, never back, and never across memory spaces") {
  using mutable_view = svf::matrix_view<float>;
  using constant_view = svf::matrix_view<float const>;
  using device_view = svf::matrix_view<float const, svf::device_space>;
  static_assert(std::convertible_to<mutable_view, constant_view>);
  static_assert(!std::convertible_to<constant_view, mutable_view>);
  static_assert(!std::convertible_to<constant_view, device_view>);
  static_assert(!std::convertible_to<device_view, constant_view>);
  static_assert(std::convertible_to<svf::vector_view<float>, svf::vector_view<float const>>);
  static_assert(!std::convertible_to<svf::vector_view<float const>, svf::vector_view<float>>);

  auto values = counted();
  svf::matrix_view<int> const a(values.data(), 2, 3, 7, svf::order::col_major);
  auto const same = svf::as_const(a);
  static_assert(std::same_as<decltype(same), svf::matrix_view<int const> const>);
  CHECK(same.data == a.data);
  CHECK(same.ld == 7);
  CHECK(same.layout == svf::order::col_major);
}
