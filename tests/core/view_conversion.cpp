// SPDX-License-Identifier: Apache-2.0
#include <svfmath/core/view_conversion.hpp>

#include <array>
#include <span>
#include <string>
#include <vector>

#include <Eigen/Core>
#include <doctest/doctest.h>

#include <svfmath/core/matrix.hpp>
#include <svfmath/expert/detail/xtensor.hpp>

#include "support/xtensor_view.hpp"

using svf::index_t;

namespace {

// Every element of the view is the container's own, checked by its address.
template <class Container>
bool same_elements(Container& c, index_t rows, index_t cols) {
  auto const view = svf::as_matrix(c);
  if (view.rows != rows || view.cols != cols) {
    return false;
  }
  for (index_t i = 0; i < rows; ++i) {
    for (index_t j = 0; j < cols; ++j) {
      if (&view(i, j) != &c(i, j)) {
        return false;
      }
    }
  }
  return true;
}

template <class F>
svf::error_kind kind_of_failure(F&& f) {
  try {
    f();
  } catch (svf::error const& e) {
    return e.kind();
  }
  FAIL("expected svf::error");
  return svf::error_kind::backend;
}

}  // namespace

TEST_CASE("view_conversion: Eigen matrices, maps and blocks of both orders") {
  using by_rows = Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
  Eigen::MatrixXf a(3, 5);
  by_rows b(3, 5);
  CHECK(same_elements(a, 3, 5));
  CHECK(same_elements(b, 3, 5));
  CHECK(svf::as_matrix(a).layout == svf::order::col_major);
  CHECK(svf::as_matrix(b).layout == svf::order::row_major);

  auto a_block = a.block(1, 2, 2, 3);
  auto b_block = b.block(1, 2, 2, 3);
  auto a_view = svf::as_matrix(a_block);
  auto b_view = svf::as_matrix(b_block);
  CHECK(&a_view(1, 2) == &a(2, 4));
  CHECK(&b_view(1, 2) == &b(2, 4));
  CHECK(a_view.ld == 3);
  CHECK(b_view.ld == 5);

  Eigen::Map<by_rows, Eigen::Unaligned, Eigen::OuterStride<>> map(b.data(), 3, 4,
                                                                  Eigen::OuterStride<>(5));
  CHECK(&svf::as_matrix(map)(2, 3) == b.data() + 13);

  Eigen::MatrixXf const constant = Eigen::MatrixXf::Zero(2, 2);
  static_assert(std::same_as<decltype(svf::as_matrix(constant)), svf::matrix_view<float const>>);
  static_assert(std::same_as<svf::matrix_value_t<Eigen::MatrixXd const>, double>);
}

TEST_CASE("view_conversion: an Eigen map with an inner stride is refused as a matrix") {
  std::vector<double> values(24);
  Eigen::Map<Eigen::MatrixXd, 0, Eigen::Stride<Eigen::Dynamic, Eigen::Dynamic>> strided(
      values.data(), 2, 3, Eigen::Stride<Eigen::Dynamic, Eigen::Dynamic>(8, 2));
  CHECK(kind_of_failure([&] { svf::as_matrix(strided); }) == svf::error_kind::shape);
}

TEST_CASE("view_conversion: xtensor containers and views, without copies") {
  xt::xtensor<float, 2> a = xt::zeros<float>({3, 5});
  xt::xarray<double> b = xt::zeros<double>({4, 2});
  xt::xtensor<float, 2, xt::layout_type::column_major> c = xt::zeros<float>({3, 5});
  CHECK(same_elements(a, 3, 5));
  CHECK(same_elements(b, 4, 2));
  CHECK(same_elements(c, 3, 5));
  CHECK(svf::as_matrix(c).layout == svf::order::col_major);

  xt::xtensor<float, 2> single_row = xt::zeros<float>({1, 5});
  xt::xtensor<float, 2> single_col = xt::zeros<float>({5, 1});
  xt::xtensor<float, 2> single = xt::zeros<float>({1, 1});
  CHECK(same_elements(single_row, 1, 5));
  CHECK(same_elements(single_col, 5, 1));
  CHECK(same_elements(single, 1, 1));

  auto part = xt::view(a, xt::range(1, 3), xt::range(2, 5));
  auto const view = svf::as_matrix(part);
  CHECK(view.rows == 2);
  CHECK(view.cols == 3);
  CHECK(&view(0, 0) == &a(1, 2));
  CHECK(&view(1, 2) == &a(2, 4));

  xt::xarray<float> three_dimensions = xt::zeros<float>({2, 2, 2});
  CHECK(kind_of_failure([&] { svf::as_matrix(three_dimensions); }) == svf::error_kind::shape);
  CHECK(kind_of_failure([&] { svf::as_vector(three_dimensions); }) == svf::error_kind::shape);
}

TEST_CASE("view_conversion: vectors from spans, arrays, Eigen, xtensor and our own") {
  std::vector<float> numbers{1, 2, 3};
  std::array<double, 4> fixed{};
  std::span<float const> const span(numbers);
  CHECK(svf::as_vector(numbers).data == numbers.data());
  CHECK(svf::as_vector(numbers).size == 3);
  CHECK(svf::as_vector(fixed).size == 4);
  CHECK(svf::as_vector(span).data == numbers.data());
  static_assert(std::same_as<decltype(svf::as_vector(span)), svf::vector_view<float const>>);

  Eigen::MatrixXf a(3, 5);
  auto row = a.row(1);
  auto col = a.col(2);
  CHECK(&svf::as_vector(row)[4] == &a(1, 4));
  CHECK(&svf::as_vector(col)[2] == &a(2, 2));
  CHECK(svf::as_vector(row).size == 5);
  CHECK(kind_of_failure([&] { svf::as_vector(a); }) == svf::error_kind::shape);

  xt::xtensor<float, 2> x = xt::zeros<float>({3, 5});
  auto x_col = xt::view(x, xt::all(), 2);
  CHECK(svf::as_vector(x_col).size == 3);
  CHECK(&svf::as_vector(x_col)[1] == &x(1, 2));

  svf::vector<float> ours(7);
  svf::matrix<float> matrix(2, 3);
  CHECK(svf::as_vector(ours).data == ours.data());
  CHECK(svf::as_matrix(matrix).data == matrix.data());
}

TEST_CASE("view_conversion: what is no matrix or vector satisfies no concept") {
  static_assert(!svf::matrix_like<float>);
  static_assert(!svf::matrix_like<std::vector<float>>);
  static_assert(!svf::vector_like<float>);
  static_assert(svf::matrix_like<Eigen::MatrixXf&>);
  static_assert(svf::matrix_like<svf::matrix_view<float const>>);
  static_assert(svf::vector_like<std::span<double>>);
}

TEST_CASE("view_conversion: a row of a column-major Eigen matrix, a column of a row-major one") {
  Eigen::MatrixXf a(3, 4);
  for (int i = 0; i < 12; ++i) {
    a(i % 3, i / 3) = float(i);
  }
  auto const row = svf::as_matrix(a.row(1));
  CHECK(row.rows == 1);
  CHECK(row.cols == 4);
  Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor> const b = a;
  auto const col = svf::as_matrix(b.col(2));
  CHECK(col.rows == 3);
  CHECK(col.cols == 1);
  for (int j = 0; j < 4; ++j) {
    CHECK(row(0, j) == a(1, j));
  }
  for (int i = 0; i < 3; ++i) {
    CHECK(col(i, 0) == b(i, 2));
  }
  // Neither rows nor columns are contiguous.
  Eigen::Map<Eigen::MatrixXf, 0, Eigen::Stride<6, 2>> const spread(a.data(), 2, 2);
  CHECK_THROWS_AS(svf::as_matrix(spread), svf::error);
}
