// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

#include <svfmath/core/error.hpp>
#include <svfmath/core/in_quotes.hpp>

namespace svf::detail {

inline constexpr std::string_view hexadecimal_digits = "0123456789abcdef";

/// Two lower-case digits for each byte.
inline std::string to_hex(std::span<std::byte const> bytes) {
  std::string text;
  text.reserve(2 * bytes.size());
  for (std::byte const byte : bytes) {
    text += hexadecimal_digits[std::to_integer<std::size_t>(byte >> 4)];
    text += hexadecimal_digits[std::to_integer<std::size_t>(byte & std::byte{15})];
  }
  return text;
}

/// bytes ← what `to_hex` wrote. Throws `error{format}`, in the name of `who`, for anything but two
/// lower-case hexadecimal digits for each byte.
inline void bytes_from_hex(std::string_view who, std::string_view text,
                           std::span<std::byte> bytes) {
  bool const valid = text.size() == 2 * bytes.size() &&
                     text.find_first_not_of(hexadecimal_digits) == text.npos;
  expects(valid, error_kind::format, who, ": expected ", 2 * bytes.size(),
          " lower-case hexadecimal digits, got ", in_quotes(text.substr(0, 80)));
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    bytes[i] = std::byte(16 * hexadecimal_digits.find(text[2 * i]) +
                         hexadecimal_digits.find(text[2 * i + 1]));
  }
}

}  // namespace svf::detail
