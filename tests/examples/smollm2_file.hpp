// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <doctest/doctest.h>

#include <cstdlib>
#include <filesystem>
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

/// The same for tests that compute for many seconds, which are skipped under AddressSanitizer.
inline std::optional<std::string> smollm2_file_for_long_work() {
#ifdef __SANITIZE_ADDRESS__
  MESSAGE("SKIPPED: takes too long under AddressSanitizer");
  return std::nullopt;
#else
  return smollm2_file();
#endif
}

/// The file tasks/NAME in the folder that SVFMATH_DATA names, or nothing and a line as above.
inline std::optional<std::string> task_file(std::string const& name) {
  char const* const folder = std::getenv("SVFMATH_DATA");
  if (folder == nullptr || *folder == '\0') {
    MESSAGE("SKIPPED: set SVFMATH_DATA to the folder that holds tasks/" << name);
    return std::nullopt;
  }
  auto const path = std::filesystem::path(folder) / "tasks" / name;
  if (!std::filesystem::exists(path)) {
    MESSAGE("SKIPPED: there is no '" << path.string() << "'");
    return std::nullopt;
  }
  return path.string();
}

}  // namespace test
