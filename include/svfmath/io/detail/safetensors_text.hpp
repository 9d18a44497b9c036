// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <map>
#include <span>
#include <string>

#include <nlohmann/json.hpp>

#include <svfmath/core/error.hpp>
#include <svfmath/io/detail/safetensors_check.hpp>
#include <svfmath/io/tensor_info.hpp>

namespace svf::detail {

/// `text` as a JSON string. Throws `error{format}` that begins with `file` if it is not UTF-8.
inline std::string json_string(std::string const& text, std::string const& file) {
  try {
    return nlohmann::json(text).dump();
  } catch (nlohmann::json::exception const&) {
    fail(error_kind::format, file, ": expected names and metadata in UTF-8, got ", in_quotes(text));
  }
}

/// Where data begins in the files that svfmath writes, at a multiple of this: a cache line, so that
/// a mapped tensor can be computed with where it lies.
inline constexpr std::size_t safetensors_alignment = 64;

/// The beginning of a safetensors file, up to where the data starts: the length, then the JSON
/// header padded with blanks to `safetensors_alignment`. Throws `error{format}` that begins with
/// `file`.
inline std::string safetensors_text(std::span<tensor_info const> tensors,
                                    std::map<std::string, std::string> const& metadata,
                                    std::string const& file) {
  std::string json = "{";
  auto const separate = [&] { json += json.back() == '{' ? "" : ","; };
  if (!metadata.empty()) {
    json += "\"__metadata__\":{";
    for (auto const& [key, value] : metadata) {
      separate();
      json += json_string(key, file) + ":" + json_string(value, file);
    }
    json += "}";
  }
  for (tensor_info const& tensor : tensors) {
    separate();
    json += json_string(tensor.name, file) + ":{\"dtype\":\"" +
            std::string(to_string(tensor.type)) +
            "\",\"shape\":" + nlohmann::json(tensor.shape).dump() + ",\"data_offsets\":[" +
            std::to_string(tensor.begin) + "," + std::to_string(tensor.end) + "]}";
  }
  json += "}";
  std::size_t const past = (safetensors_prefix + json.size()) % safetensors_alignment;
  json.append((safetensors_alignment - past) % safetensors_alignment, ' ');
  expects(json.size() <= largest_safetensors_header, error_kind::format, file,
          ": expected a header of at most 100000000 bytes, got ", json.size());
  std::string text(safetensors_prefix, '\0');
  std::uint64_t const size = json.size();
  std::memcpy(text.data(), &size, safetensors_prefix);
  return text + json;
}

}  // namespace svf::detail
