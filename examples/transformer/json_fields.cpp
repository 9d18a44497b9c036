// SPDX-License-Identifier: Apache-2.0
#include "json_fields.hpp"

#include <limits>

#include <svfmath/core/error.hpp>

namespace llama {

using nlohmann::json;
using svf::error_kind;

json_fields::json_fields(json const& object, std::string const& source)
    : object_(object), source_(source) {
  svf::expects(object.is_object(), error_kind::format, source, ": expected a JSON object, got ",
               object.type_name());
}

json const* json_fields::find(std::string_view name) const {
  auto const found = object_.find(name);
  return found == object_.end() || found->is_null() ? nullptr : &*found;
}

void json_fields::wrong(std::string_view name, std::string_view expected) const {
  json const* const value = find(name);
  svf::fail(error_kind::format, source_, ": field '", name, "': expected ", expected, ", got ",
            value == nullptr ? "nothing" : value->type_name());
}

std::int64_t json_fields::integer(std::string_view name) const {
  auto const value = find_integer(name);
  if (!value) {
    wrong(name, "a whole number");
  }
  return *value;
}

std::optional<std::int64_t> json_fields::find_integer(std::string_view name) const {
  json const* const value = find(name);
  if (value == nullptr) {
    return std::nullopt;
  }
  constexpr auto most = std::uint64_t(std::numeric_limits<std::int64_t>::max());
  bool const fits = !value->is_number_unsigned() || value->get<std::uint64_t>() <= most;
  if (!value->is_number_integer() || !fits) {
    wrong(name, "a whole number of 64 bits");
  }
  return value->get<std::int64_t>();
}

std::optional<double> json_fields::find_real(std::string_view name) const {
  json const* const value = find(name);
  if (value != nullptr && !value->is_number()) {
    wrong(name, "a number");
  }
  return value == nullptr ? std::nullopt : std::optional(value->get<double>());
}

std::optional<bool> json_fields::find_flag(std::string_view name) const {
  json const* const value = find(name);
  if (value != nullptr && !value->is_boolean()) {
    wrong(name, "true or false");
  }
  return value == nullptr ? std::nullopt : std::optional(value->get<bool>());
}

std::optional<std::string> json_fields::find_text(std::string_view name) const {
  json const* const value = find(name);
  if (value != nullptr && !value->is_string()) {
    wrong(name, "a string");
  }
  return value == nullptr ? std::nullopt : std::optional(value->get<std::string>());
}

json const& json_fields::object(std::string_view name) const {
  json const* const value = find(name);
  if (value == nullptr || !value->is_object()) {
    wrong(name, "an object");
  }
  return *value;
}

json const& json_fields::array(std::string_view name) const {
  json const* const value = find(name);
  if (value == nullptr || !value->is_array()) {
    wrong(name, "an array");
  }
  return *value;
}

json parse_json(std::string_view text, std::string const& source) {
  try {
    return json::parse(text);
  } catch (json::exception const& problem) {
    svf::fail(error_kind::format, source, ": not JSON: ", problem.what());
  }
}

}  // namespace llama
