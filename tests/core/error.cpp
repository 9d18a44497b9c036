// SPDX-License-Identifier: Apache-2.0
#include <svfmath/core/error.hpp>

#include <filesystem>
#include <string>

#include <doctest/doctest.h>

TEST_CASE("error: fail puts the parts of the message together") {
  try {
    svf::fail(svf::error_kind::format, std::filesystem::path("a b/c.txt"), ": expected ", 3,
              " items, got ", 0.5, std::string("!"));
    FAIL("fail returned");
  } catch (svf::error const& e) {
    CHECK(e.kind() == svf::error_kind::format);
    CHECK(std::string(e.what()) == "a b/c.txt: expected 3 items, got 0.5!");
  }
}

TEST_CASE("error: expects throws on a false condition only") {
  CHECK_NOTHROW(svf::expects(true, svf::error_kind::shape, "fine"));
  CHECK_THROWS_AS(svf::expects(false, svf::error_kind::shape, "wrong"), svf::error);
  CHECK_THROWS_WITH(svf::expects(false, svf::error_kind::numeric, "got ", 1.25f), "got 1.25");
}

TEST_CASE("error: every kind has its word") {
  CHECK(svf::to_string(svf::error_kind::shape) == "shape");
  CHECK(svf::to_string(svf::error_kind::numeric) == "numeric");
  CHECK(svf::to_string(svf::error_kind::format) == "format");
  CHECK(svf::to_string(svf::error_kind::backend) == "backend");
}
