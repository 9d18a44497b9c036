// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include <nlohmann/json.hpp>
#include <svfmath/core/error.hpp>

namespace llama {

/// Throws `svf::error` (format) that begins with the file's name unless `condition` holds.
template <class... Parts>
void require(std::string const& source, bool condition, Parts const&... parts) {
  svf::expects(condition, svf::error_kind::format, source, ": ", parts...);
}

/// Typed access to the fields of a JSON object from a file. Every throw is an `svf::error` (format)
/// that names the file and the field. Where a field may be missing, null counts as missing.
class json_fields {
 public:
  /// Neither argument is copied.
  json_fields(nlohmann::json const& object, std::string const& source);

  bool contains(std::string_view name) const { return find(name) != nullptr; }
  std::int64_t integer(std::string_view name) const;
  std::optional<std::int64_t> find_integer(std::string_view name) const;
  std::optional<double> find_real(std::string_view name) const;
  std::optional<bool> find_flag(std::string_view name) const;
  std::optional<std::string> find_text(std::string_view name) const;
  nlohmann::json const& object(std::string_view name) const;
  nlohmann::json const& array(std::string_view name) const;

  /// The field, or null if it is missing or null.
  nlohmann::json const* find(std::string_view name) const;

 private:
  [[noreturn]] void wrong(std::string_view name, std::string_view expected) const;

  nlohmann::json const& object_;
  std::string const& source_;
};

/// Parses JSON text. Throws `svf::error` (format) with the file and the place of the mistake.
nlohmann::json parse_json(std::string_view text, std::string const& source);

}  // namespace llama
