// SPDX-License-Identifier: Apache-2.0
#include <svfmath/factor/storage_precision.hpp>

#include <cmath>

#include <doctest/doctest.h>

#include <support/cached_factors.hpp>

using svf::storage_precision;

TEST_CASE("storage_precision: words and types") {
  for (auto const precision : test::all_precisions) {
    CHECK(svf::storage_precision_from(svf::to_string(precision)) == precision);
  }
  CHECK(svf::to_string(storage_precision::bf16) == "bf16");
  CHECK(svf::dtype_of_precision(storage_precision::fp32) == svf::dtype::f32);
  CHECK(svf::dtype_of_precision(storage_precision::bf16) == svf::dtype::bf16);
  CHECK(svf::dtype_of_precision(storage_precision::fp16) == svf::dtype::f16);
  CHECK(svf::precision_of<svf::bfloat16> == storage_precision::bf16);
  CHECK_THROWS_WITH_AS(svf::storage_precision_from("float32"),
                       "storage_precision_from: expected fp32, bf16 or fp16, got 'float32'",
                       svf::error);
}

TEST_CASE("storage_precision: rounding is to nearest, leaves sigma and does nothing twice") {
  svf::cpu::seq exec;
  auto const f = test::some_factors(9, 5, 1).factors;
  for (auto const precision : test::all_precisions) {
    CAPTURE(svf::to_string(precision));
    auto const rounded = svf::rounded_factors(exec, f, precision);
    // Half a unit in the last place of 24, 8 and 11 bits.
    double const half_unit = precision == storage_precision::fp32   ? 0.0
                             : precision == storage_precision::bf16 ? std::ldexp(1.0, -9)
                                                                    : std::ldexp(1.0, -12);
    double worst = 0.0;
    for (svf::index_t i = 0; i < f.u.size(); ++i) {
      double const u = double(f.u.data()[i]);
      double const difference = std::abs(double(rounded.u.data()[i]) - u);
      int exponent = 0;
      std::frexp(u, &exponent);
      worst = std::max(worst, difference / std::ldexp(1.0, exponent));
    }
    CHECK(worst <= half_unit);
    CHECK(worst >= half_unit / 4.0);
    CHECK(std::equal(f.s.begin(), f.s.end(), rounded.s.begin()));
    CHECK(test::same_factors(svf::rounded_factors(exec, rounded, precision), rounded));
  }
}
