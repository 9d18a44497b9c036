// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include <svfmath/core/error.hpp>
#include <svfmath/io/detail/safetensors_header.hpp>

namespace svf::detail {

static_assert(std::endian::native == std::endian::little, "safetensors data is little-endian");

/// Headers may not be longer than this, by the format.
inline constexpr std::uint64_t largest_safetensors_header = 100'000'000;
inline constexpr std::size_t safetensors_prefix = 8;

/// The header's JSON text inside `content`: 8 bytes of length N, then N bytes. Throws
/// `error{format}` if N is too large or the content too short for it. Allocates nothing.
inline std::string_view safetensors_header_text(std::span<std::byte const> content,
                                                std::string const& file) {
  expects(content.size() >= safetensors_prefix, error_kind::format, file,
          ": expected at least 8 bytes, got ", content.size());
  std::uint64_t size = 0;
  std::memcpy(&size, content.data(), safetensors_prefix);
  expects(size <= largest_safetensors_header, error_kind::format, file,
          ": expected a header of at most 100000000 bytes, got a length of ", size);
  expects(size <= content.size() - safetensors_prefix, error_kind::format, file,
          ": expected a header of ", size, " bytes, got a file that ends ",
          content.size() - safetensors_prefix, " bytes after the header's length (truncated?)");
  return {reinterpret_cast<char const*>(content.data()) + safetensors_prefix, std::size_t(size)};
}

/// Parses the header's text. Throws `error{format}`.
inline safetensors_header parse_safetensors_header(std::string_view text, std::string const& file) {
  // The JSON parser underneath would skip a byte order mark and take a NUL for the end.
  std::size_t const first = text.find_first_not_of(" \t\r\n");
  expects(first != text.npos && text[first] == '{', error_kind::format, file,
          ": expected the header to begin with '{', got ",
          first == text.npos ? std::string("only blanks") : in_quotes(text.substr(first, 1)));
  expects(text.find('\0') == text.npos, error_kind::format, file,
          ": expected a header of valid UTF-8 JSON, got a NUL byte in it");
  safetensors_header_events events(file);
  nlohmann::json::sax_parse(text.begin(), text.end(), &events);
  return events.take();
}

/// Sorts the tensors by place and checks that each has the size its shape and type say and that
/// together they fill exactly `data_size` bytes, without holes or overlaps. Throws `error{format}`.
inline void check_safetensors_layout(std::vector<tensor_info>& tensors, std::uint64_t data_size,
                                     std::string const& file) {
  for (tensor_info const& tensor : tensors) {
    auto const refuse_unless = [&](bool condition, auto const&... parts) {
      expects(condition, error_kind::format, file, ": tensor ", in_quotes(tensor.name), ": ",
              parts...);
    };
    auto const bits = tensor_bits(tensor.type, tensor.shape);
    refuse_unless(bits.has_value(), "the size of shape ", shape_text(tensor.shape),
                  " overflows 64 bits");
    refuse_unless(*bits % 8 == 0, "expected whole bytes, got ", *bits, " bits from shape ",
                  shape_text(tensor.shape), " of ", to_string(tensor.type));
    refuse_unless(tensor.end >= tensor.begin, "data_offsets: expected begin <= end, got ",
                  tensor.begin, " and ", tensor.end);
    refuse_unless(tensor.bytes() == *bits / 8, "shape ", shape_text(tensor.shape), " of ",
                  to_string(tensor.type), " takes ", *bits / 8, " bytes, but data_offsets span ",
                  tensor.bytes());
  }
  std::sort(tensors.begin(), tensors.end(), [](tensor_info const& a, tensor_info const& b) {
    return std::tie(a.begin, a.end, a.name) < std::tie(b.begin, b.end, b.name);
  });
  std::uint64_t expected = 0;
  for (tensor_info const& tensor : tensors) {
    expects(tensor.begin == expected, error_kind::format, file, ": tensor ", in_quotes(tensor.name),
            ": expected its data to begin at ", expected, " where the data before it end, got ",
            tensor.begin, tensor.begin > expected ? " (a hole)" : " (an overlap)");
    expected = tensor.end;
  }
  expects(expected == data_size, error_kind::format, file, ": expected ", expected,
          " bytes of tensor data after the header, got ", data_size,
          expected > data_size ? " (truncated)" : " (trailing bytes)");
}

}  // namespace svf::detail
