// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <doctest/doctest.h>

#include <cstdlib>
#include <optional>
#include <string>

namespace test {

/// The SmolLM2 file that SVFMATH_SMOLLM2 names, or nothing and a line that begins with "SKIPPED:"
/// so that the runner counts the test as skipped rather than passed.
inline std::optional<std::string> smollm2_file() {
  char const* const path = std::getenv("SVFMATH_SMOLLM2");
  if (path == nullptr || *path == '\0') {
    MESSAGE("SKIPPED: set SVFMATH_SMOLLM2 to the file of examples/models/get_smollm2.sh");
    return std::nullopt;
  }
  return path;
}

}  // namespace test
