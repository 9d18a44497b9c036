// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <svfmath/factor/svd_method.hpp>

TEST_CASE("svd_method: words and methods name each other") {
  for (auto const method : {svf::svd_method::gram, svf::svd_method::divide_and_conquer,
                            svf::svd_method::jacobi}) {
    CHECK(svf::svd_method_from(svf::to_string(method)) == method);
  }
  CHECK_THROWS_WITH_AS(
      svf::svd_method_from("qr"),
      "svd_method_from: expected gram, divide_and_conquer or jacobi, got 'qr'", svf::error);
}
