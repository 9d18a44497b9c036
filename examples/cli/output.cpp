// SPDX-License-Identifier: Apache-2.0
#include "output.hpp"

#include <cstdio>

#include <fmt/format.h>

#include <svfmath/core/error.hpp>

namespace cli {

void add_common(CLI::App& command, common_options& options, std::string const& explanation,
                std::string const& example) {
  command.add_flag("--json", options.as_json, "Print JSON instead of text");
  command
      .add_option("--threads", options.threads,
                  "Threads to compute with; 0: as many as the machine offers")
      ->check(CLI::Range(0, 4096))
      ->capture_default_str();
  command.footer(explanation + "\n\nExample:\n" + example);
}

void print_json(json const& value) { fmt::print("{}\n", to_text(value)); }

std::string to_text(json const& value) {
  return value.dump(-1, ' ', false, json::error_handler_t::replace);
}

void warn(std::string_view message) { fmt::print(stderr, "svfmath: warning: {}\n", message); }

void hint(std::string_view message) { fmt::print(stderr, "svfmath: hint: {}\n", message); }

CLI::Validator not_empty() {
  return {[](std::string const& text) {
            return text.empty() ? std::string("expected a text that is not empty, got ''") : "";
          },
          ""};
}

CLI::Validator real_range(double least, double most) {
  return {[=](std::string const& text) {
            double value = 0.0;
            bool const fits = CLI::detail::lexical_cast(text, value) && value >= least &&
                              value <= most;  // false for NaN
            return fits ? std::string()
                        : fmt::format("expected a number in {} to {}, got '{}'", least, most, text);
          },
          fmt::format("FLOAT in [{} - {}]", least, most)};
}

std::string duration_text(double seconds) {
  auto const whole = static_cast<long long>(seconds + 0.5);
  return whole >= 3600
             ? fmt::format("{}:{:02}:{:02}", whole / 3600, whole / 60 % 60, whole % 60)
             : fmt::format("{}:{:02}", whole / 60, whole % 60);
}

named_file parse_named_file(std::string_view option, std::string const& text) {
  auto const equals = text.find('=');
  bool const complete =
      equals != std::string::npos && equals > 0 && equals + 1 < text.size();
  svf::expects(complete, svf::error_kind::format, option, ": expected NAME=FILE, got '", text,
               "'");
  return {text.substr(0, equals), text.substr(equals + 1)};
}

}  // namespace cli
