// SPDX-License-Identifier: Apache-2.0
#include <svfmath/core/config.hpp>

#include <doctest/doctest.h>

TEST_CASE("config: a vector holds at least two doubles, and its width is a power of two") {
  using namespace svf::config;
  static_assert(vector_bytes >= 16 && (vector_bytes & (vector_bytes - 1)) == 0);
  static_assert(vector_registers >= 16);
  // The build gives the project's version: headers and package must agree.
  CHECK(SVFMATH_VERSION_MAJOR == SVFMATH_TEST_VERSION_MAJOR);
  CHECK(SVFMATH_VERSION_MINOR == SVFMATH_TEST_VERSION_MINOR);
  CHECK(SVFMATH_VERSION_PATCH == SVFMATH_TEST_VERSION_PATCH);
}
