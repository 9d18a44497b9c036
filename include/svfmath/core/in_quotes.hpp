// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace svf {

namespace detail {

/// The size in bytes of the character that `text` begins with, or 0 where that is not well-formed
/// UTF-8 (The Unicode Standard, table 3-7). `text` must not be empty.
constexpr std::size_t utf8_size(std::string_view text) {
  auto const byte = [=](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  unsigned const first = byte(0);
  if (first < 0x80) {
    return 1;
  }
  std::size_t const size = first < 0xC2 ? 0 : first < 0xE0 ? 2 : first < 0xF0 ? 3 : 4;
  if (size == 0 || first > 0xF4 || text.size() < size) {
    return 0;
  }
  // No overlong forms, no surrogates, nothing above U+10FFFF.
  unsigned const low = first == 0xE0 ? 0xA0 : first == 0xF0 ? 0x90 : 0x80;
  unsigned const high = first == 0xED ? 0x9F : first == 0xF4 ? 0x8F : 0xBF;
  bool well_formed = byte(1) >= low && byte(1) <= high;
  for (std::size_t i = 2; i < size; ++i) {
    well_formed = well_formed && byte(i) >= 0x80 && byte(i) <= 0xBF;
  }
  return well_formed ? size : 0;
}

/// Whether a well-formed character is one of the control characters, U+0000 … 1F and 7F … 9F.
constexpr bool is_control(std::string_view character) {
  auto const last = static_cast<unsigned char>(character.back());
  return character.size() == 1 ? last < 0x20 || last == 0x7F
                               : character[0] == '\xC2' && last < 0xA0;
}

}  // namespace detail

/// A name from a file, fit for a message: in quotes, '?' for every control character and for every
/// byte that is not UTF-8, and cut to 120 bytes, never within a character, with '…' to say so.
inline std::string in_quotes(std::string_view name) {
  constexpr std::size_t longest = 120;
  std::string text = "'";
  while (!name.empty()) {
    std::size_t const size = detail::utf8_size(name);
    bool const fit = size > 0 && !detail::is_control(name.substr(0, size));
    auto const shown = fit ? name.substr(0, size) : std::string_view("?");
    if (text.size() - 1 + shown.size() > longest) {
      return text + "…'";
    }
    text += shown;
    name.remove_prefix(size > 0 ? size : 1);
  }
  return text + "'";
}

}  // namespace svf
