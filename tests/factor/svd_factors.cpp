// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <svfmath/factor/svd_factors.hpp>

namespace {

svf::svd_factors<float> shaped(svf::index_t m, svf::index_t u_cols, svf::index_t r,
                               svf::index_t vt_rows, svf::index_t n) {
  return {svf::matrix<float>(m, u_cols), svf::vector<float>(r), svf::matrix<float>(vt_rows, n)};
}

}  // namespace

TEST_CASE("svd_factors: extents are those of the matrix they stand for") {
  auto const f = shaped(5, 3, 3, 3, 3);
  CHECK(f.rows() == 5);
  CHECK(f.cols() == 3);
  CHECK(f.rank() == 3);
  CHECK_NOTHROW(svf::validate(f, "test"));
  CHECK_NOTHROW(svf::validate(shaped(1, 1, 1, 1, 9), "test"));
}

TEST_CASE("svd_factors: parts that do not fit are refused, naming the caller and the shapes") {
  CHECK_THROWS_WITH_AS(
      svf::validate(shaped(5, 3, 2, 3, 3), "load"),
      "load: expected factors u (m,r), s (r), vt (r,n) with r = min(m,n) >= 1, got (5,3), (2), "
      "(3,3)",
      svf::error);
  CHECK_THROWS_AS(svf::validate(shaped(5, 2, 2, 2, 3), "truncated"), svf::error);
  CHECK_THROWS_AS(svf::validate(shaped(5, 3, 3, 2, 3), "test"), svf::error);
  CHECK_THROWS_AS(svf::validate(shaped(0, 0, 0, 0, 3), "empty"), svf::error);
  CHECK_THROWS_AS(svf::validate(svf::svd_factors<float>(), "empty"), svf::error);
}
