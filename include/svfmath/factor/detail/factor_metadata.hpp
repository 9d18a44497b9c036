// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <charconv>
#include <cmath>
#include <string>
#include <system_error>

#include <svfmath/core/error.hpp>
#include <svfmath/core/in_quotes.hpp>
#include <svfmath/io/safetensors.hpp>

/// Numbers and words in the metadata of files of factors.
namespace svf::detail {

/// The shortest decimal text that reads back as the same double.
inline std::string shortest_text(double value) {
  std::array<char, 32> text;
  auto const end = std::to_chars(text.data(), text.data() + text.size(), value).ptr;
  return {text.data(), end};
}

inline std::string const& metadata_at(safetensors_file const& file, char const* name) {
  auto const found = file.metadata().find(name);
  expects(found != file.metadata().end(), error_kind::format, file.path(),
          ": expected the metadata '", name, "', which is missing");
  return found->second;
}

inline double number_at(safetensors_file const& file, char const* name) {
  std::string const& text = metadata_at(file, name);
  double value = 0.0;
  auto const end = std::from_chars(text.data(), text.data() + text.size(), value);
  expects(end.ec == std::errc() && end.ptr == text.data() + text.size() && std::isfinite(value),
          error_kind::format, file.path(), ": ", name, ": expected a finite number, got ",
          in_quotes(text));
  return value;
}

}  // namespace svf::detail
