// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/wait.h>

#include <cstdlib>
#include <filesystem>
#include <string>
#include <vector>

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

#include <support/raw_file.hpp>
#include <support/temp_directory.hpp>

namespace test {

/// What a run of the command-line tool left behind.
struct tool_result {
  int status = -1;  ///< exit status; −1 if a signal ended it
  std::string out;
  std::string err;

  bool says(std::string const& text) const { return err.find(text) != std::string::npos; }
  /// The first line of `out` as JSON.
  nlohmann::json json() const { return nlohmann::json::parse(out.substr(0, out.find('\n'))); }
};

/// Runs the built tool as a process.
inline tool_result run_tool(std::vector<std::string> const& arguments) {
  temp_directory const folder;
  auto const quoted = [](std::string const& text) {
    std::string result = "'";
    for (char const c : text) {
      result += c == '\'' ? std::string("'\\''") : std::string(1, c);
    }
    return result + "'";
  };
  std::string command = quoted(SVFMATH_TOOL);
  for (auto const& argument : arguments) {
    command += " " + quoted(argument);
  }
  auto const out = folder.path() / "out";
  auto const err = folder.path() / "err";
  command += " >" + quoted(out.string()) + " 2>" + quoted(err.string()) + " </dev/null";
  int const status = std::system(command.c_str());
  return {WIFEXITED(status) ? WEXITSTATUS(status) : -1, read_raw(out), read_raw(err)};
}

/// The names in a folder, temporaries included.
inline std::size_t files_in(std::filesystem::path const& folder) {
  std::size_t count = 0;
  for ([[maybe_unused]] auto const& entry : std::filesystem::directory_iterator(folder)) {
    ++count;
  }
  return count;
}

/// A refusal: status 2, a message with every one of `words`, and no file at `out`.
inline void check_refusal(std::vector<std::string> const& command,
                          std::vector<std::string> const& words, std::string const& out = {}) {
  auto const result = run_tool(command);
  INFO("stderr: " << result.err);
  CHECK(result.status == 2);
  CHECK(result.out.empty());
  for (auto const& word : words) {
    INFO("expected in the message: " << word);
    CHECK(result.says(word));
  }
  CHECK((out.empty() || !std::filesystem::exists(out)));
}

}  // namespace test
