// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <string>
#include <string_view>

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

namespace cli {

/// What a subcommand prints with --json: fields stay in the order in which they were set.
using json = nlohmann::ordered_json;

/// What every subcommand understands.
struct common_options {
  bool as_json = false;
  int threads = 0;  ///< 0: as many as the machine offers
};

/// Adds --json and --threads, and what --help ends with: an explanation and an example.
void add_common(CLI::App& command, common_options& options, std::string const& explanation,
                std::string const& example);

/// One JSON value on one line of stdout. Text that is not UTF-8 is written with U+FFFD in place of
/// what is invalid.
void print_json(json const& value);

/// The value on one line, for people: text that is not UTF-8 as in `print_json`.
std::string to_text(json const& value);

/// One line on stderr about something that went wrong, or that could go better.
void warn(std::string_view message);
void hint(std::string_view message);

/// Refuses an empty text given for an option that may be left out.
CLI::Validator not_empty();
/// As CLI::Range, which lets NaN pass.
CLI::Validator real_range(double least, double most);

/// "1:05" or "2:00:07".
std::string duration_text(double seconds);

/// Wall-clock seconds since it was made.
class stopwatch {
 public:
  double seconds() const {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count();
  }

 private:
  std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
};

/// NAME=FILE as NAME and FILE. Throws `svf::error{format}` naming `option` where one is missing.
struct named_file {
  std::string name;
  std::string path;
};
named_file parse_named_file(std::string_view option, std::string const& text);

}  // namespace cli
