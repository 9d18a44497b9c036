// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <cmath>
#include <cstddef>
#include <string>
#include <vector>

#include <svfmath/io/element_conversion.hpp>

#include <support/random.hpp>

using svf::dtype;

TEST_CASE("element_conversion: what is encoded decodes to the nearest value, at any alignment") {
  auto const values = test::normal_vector<float>(100, 1);
  struct { dtype type; double step; } const cases[] = {
      {dtype::f32, 0.0}, {dtype::f64, 0.0}, {dtype::f16, 0x1p-11}, {dtype::bf16, 0x1p-8}};
  for (auto const& [type, step] : cases) {
    std::size_t const width = svf::bits_of(type) / 8;
    for (std::size_t shift = 0; shift < 8; ++shift) {
      std::vector<std::byte> storage(values.size() * width + shift);
      auto const bytes = std::span(storage).subspan(shift);
      svf::encode(type, values, bytes);
      std::vector<float> floats(values.size());
      std::vector<double> doubles(values.size());
      svf::decode(type, std::span<std::byte const>(bytes), std::span(floats));
      svf::decode(type, std::span<std::byte const>(bytes), std::span(doubles));
      for (std::size_t i = 0; i < values.size(); ++i) {
        // Half a unit in the last place; F16 has 2^-25 as well, below its normal numbers.
        double const smallest = type == dtype::f16 ? 0x1p-25 : 0.0;
        double const bound = step * std::abs(double(values[i])) + smallest;
        CHECK(std::abs(doubles[i] - double(values[i])) <= bound);
        CHECK(doubles[i] == double(floats[i]));
      }
    }
  }
}

TEST_CASE("element_conversion: other types and sizes are refused") {
  std::vector<std::byte> bytes(8);
  std::vector<float> two(2);
  std::span<std::byte const> const input(bytes);
  for (auto const& row : svf::detail::dtype_table) {
    if (!svf::is_readable_as_float(row.type)) {
      CHECK_THROWS_AS(svf::decode(row.type, input, std::span(two)), svf::error);
      CHECK_THROWS_AS(svf::encode(row.type, two, bytes), svf::error);
    }
  }
  CHECK_THROWS_AS(svf::decode(dtype::f64, input, std::span(two)), svf::error);
  CHECK_THROWS_AS(svf::decode(dtype::f32, input.first(7), std::span(two)), svf::error);
  CHECK_THROWS_AS(svf::encode(dtype::f16, two, bytes), svf::error);
  CHECK_NOTHROW(svf::decode(dtype::f32, input.first(0), std::span(two).first(0)));
}
