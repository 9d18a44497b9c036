// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cmath>
#include <cstddef>
#include <cstdio>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include <cuda_runtime_api.h>

#include <svfmath/cuda/detail/status.hpp>
#include <svfmath/cuda/policy.hpp>

#include "support/arguments.hpp"

/// What every program here prints: a title, a table, and the lines PEER and HEADLINE for run.sh.
/// The same figures go into a JSON file where `--json FILE` asks for one.
namespace bench {

/// The device's name and the driver's version.
inline std::pair<std::string, std::string> device_and_driver(int device) {
  cudaDeviceProp properties = {};
  svf::cuda::detail::check(cudaGetDeviceProperties(&properties, device), "cudaGetDeviceProperties");
  int driver = 0;
  svf::cuda::detail::check(cudaDriverGetVersion(&driver), "cudaDriverGetVersion");
  return {properties.name, svf::cuda::detail::version_text(driver)};
}

/// Name and width of a column; how its numbers are printed where they are no integers.
struct column {
  char const* name;
  int width;
  char const* format = "%.3g";
};

using cell = std::variant<std::string, long, double>;

class report {
 public:
  report(svf::cuda::stream_policy& exec, arguments given, char const* title,
         std::vector<column> columns)
      : arguments_(std::move(given)),
        title_(title),
        columns_(std::move(columns)),
        device_(device_and_driver(exec.device())) {
    std::printf("%s; %s, driver for CUDA %s\n", title, device_.first.c_str(),
                device_.second.c_str());
    std::vector<std::string> names;
    for (column const& each : columns_) {
      names.emplace_back(each.name);
    }
    print(names);
  }

  /// Prints a row, one cell for each column.
  void row(std::vector<cell> cells) {
    std::vector<std::string> texts;
    for (std::size_t k = 0; k < columns_.size(); ++k) {
      texts.push_back(text(cells.at(k), columns_[k].format));
    }
    print(texts);
    rows_.push_back(std::move(cells));
  }

  /// The figures of the line RESULT: ours, the peer's where it ran here too, our error.
  void headline(double seconds, double error, std::optional<double> peer = {}) {
    seconds_ = seconds;
    error_ = error;
    peer_ = peer;
  }

  /// Prints the headline and writes the file. What `main` returns.
  int finish() const {
    if (peer_) {
      std::printf("PEER %.4g\n", *peer_);
    }
    if (seconds_) {
      std::printf("HEADLINE %.4g %.3g\n", *seconds_, *error_);
    }
    if (arguments_.json().empty()) {
      return 0;
    }
    std::FILE* const file = std::fopen(arguments_.json().c_str(), "w");
    bool const written = file != nullptr && std::fputs(json().c_str(), file) >= 0;
    if (file == nullptr || std::fclose(file) != 0 || !written) {
      std::fprintf(stderr, "%s cannot be written\n", arguments_.json().c_str());
      return 1;
    }
    return 0;
  }

 private:
  void print(std::vector<std::string> const& texts) const {
    for (std::size_t k = 0; k < texts.size(); ++k) {
      std::printf("%s%*s", k == 0 ? "" : " ", columns_[k].width, texts[k].c_str());
    }
    std::printf("\n");
    std::fflush(stdout);
  }

  static std::string text(cell const& x, char const* format) {
    if (auto const* const word = std::get_if<std::string>(&x)) {
      return *word;
    }
    if (auto const* const integer = std::get_if<long>(&x)) {
      return std::to_string(*integer);
    }
    char buffer[64];
    std::snprintf(buffer, sizeof(buffer), format, std::get<double>(x));
    return buffer;
  }

  static std::string value(cell const& x) {
    if (auto const* const word = std::get_if<std::string>(&x)) {
      return quoted(*word);
    }
    auto const* const number = std::get_if<double>(&x);
    return number != nullptr && !std::isfinite(*number) ? "null" : text(x, "%.9g");
  }
  static std::string value(std::optional<double> const& x) { return x ? value(cell(*x)) : "null"; }

  // Names and titles are plain text.
  static std::string quoted(std::string const& word) {
    std::string result = "\"";
    for (char const c : word) {
      result += c == '"' || c == '\\' ? "\\" : "";
      result += c;
    }
    return result + "\"";
  }

  std::string json() const {
    std::string out = "{\n  \"title\": " + quoted(title_) + ",\n  \"device\": " +
                      quoted(device_.first) + ",\n  \"cuda_driver\": " + quoted(device_.second) +
                      ",\n  \"rows\": [";
    for (std::size_t i = 0; i < rows_.size(); ++i) {
      out += i == 0 ? "\n    {" : ",\n    {";
      for (std::size_t k = 0; k < columns_.size(); ++k) {
        out += (k == 0 ? "" : ", ") + quoted(columns_[k].name) + ": " + value(rows_[i][k]);
      }
      out += "}";
    }
    return out + "\n  ],\n  \"headline\": {\"seconds\": " + value(seconds_) +
           ", \"peer_seconds\": " + value(peer_) + ", \"error\": " + value(error_) + "}\n}\n";
  }

  arguments arguments_;
  std::string title_;
  std::vector<column> columns_;
  std::pair<std::string, std::string> device_;
  std::vector<std::vector<cell>> rows_;
  std::optional<double> seconds_;
  std::optional<double> error_;
  std::optional<double> peer_;
};

}  // namespace bench
