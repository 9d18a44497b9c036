// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <string>

#include <svfmath/io/dtype.hpp>

TEST_CASE("dtype: the table stands in the order of the enumerators") {
  for (std::size_t i = 0; i < svf::detail::dtype_table.size(); ++i) {
    CHECK(std::size_t(svf::detail::dtype_table[i].type) == i);
  }
  CHECK(svf::detail::dtype_table.size() == std::size_t(svf::dtype::f6_e3m2) + 1);
}

TEST_CASE("dtype: names and widths are those of the format") {
  for (auto const& row : svf::detail::dtype_table) {
    CHECK(svf::dtype_from_string(row.name) == row.type);
    CHECK(svf::to_string(row.type) == row.name);
  }
  CHECK(!svf::dtype_from_string("f32"));
  CHECK(!svf::dtype_from_string(""));
  CHECK(svf::bits_of(svf::dtype::f4) == 4);
  CHECK(svf::bits_of(svf::dtype::f6_e2m3) == 6);
  CHECK(svf::bits_of(svf::dtype::f8_e8m0) == 8);
  CHECK(svf::bits_of(svf::dtype::bf16) == 16);
  CHECK(svf::bits_of(svf::dtype::u32) == 32);
  CHECK(svf::bits_of(svf::dtype::c64) == 64);
  CHECK(svf::is_readable_as_float(svf::dtype::bf16));
  CHECK(!svf::is_readable_as_float(svf::dtype::c64));
  static_assert(svf::bits_of(svf::dtype_of<double>) == 8 * sizeof(double));
}
