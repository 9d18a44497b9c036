// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include <doctest/doctest.h>

namespace test {

/// Checks that `message` contains `part`, and says so.
inline bool has(std::string const& message, std::string const& part) {
  INFO(message);
  bool const found = message.find(part) != std::string::npos;
  CHECK(found);
  return found;
}

}  // namespace test
