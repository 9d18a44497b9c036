// SPDX-License-Identifier: Apache-2.0
#include <svfmath/io/tensor_info.hpp>

#include <cstdint>
#include <limits>
#include <vector>

#include <doctest/doctest.h>

TEST_CASE("tensor_info: counts bytes and elements, of types below a byte too") {
  svf::tensor_info const floats{"w", svf::dtype::f32, {2, 3}, 8, 32};
  CHECK(floats.bytes() == 24);
  CHECK(floats.elements() == 6);
  svf::tensor_info const scalar{"s", svf::dtype::f64, {}, 0, 8};
  CHECK(scalar.elements() == 1);
  svf::tensor_info const nibbles{"q", svf::dtype::f4, {4}, 0, 2};
  CHECK(nibbles.elements() == 4);
  svf::tensor_info const none{"e", svf::dtype::f16, {0, 7}, 4, 4};
  CHECK(none.elements() == 0);
}

TEST_CASE("tensor_info: shapes as text") {
  CHECK(svf::shape_text(std::vector<std::uint64_t>{}) == "[]");
  CHECK(svf::shape_text(std::vector<std::uint64_t>{576}) == "[576]");
  CHECK(svf::shape_text(std::vector<std::uint64_t>{576, 1536, 1}) == "[576, 1536, 1]");
  CHECK(svf::shape_text(std::vector<std::uint64_t>(1000, 1)) == "[1, 1, 1, 1, 1, 1, 1, 1, …]");
}

TEST_CASE("tensor_info: products of extents that exceed 64 bits are noticed") {
  constexpr std::uint64_t top = std::numeric_limits<std::uint64_t>::max();
  using shape = std::vector<std::uint64_t>;
  CHECK(svf::detail::tensor_bits(svf::dtype::f32, shape{2, 3}) == 192u);
  CHECK(svf::detail::tensor_bits(svf::dtype::f32, shape{}) == 32u);
  CHECK(svf::detail::tensor_bits(svf::dtype::u8, shape{std::uint64_t{1} << 60}) ==
        std::uint64_t{1} << 63);
  CHECK(!svf::detail::tensor_bits(svf::dtype::u8, shape{std::uint64_t{1} << 61}));
  CHECK(!svf::detail::tensor_bits(svf::dtype::u8, shape{top, 2}));
  CHECK(svf::detail::tensor_bits(svf::dtype::u8, shape{0, top}) == 0u);
  CHECK(svf::detail::checked_product(top, 1) == top);
  CHECK(!svf::detail::checked_product(top / 2 + 1, 2));
}
