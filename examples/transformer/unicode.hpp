// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include <svfmath/core/in_quotes.hpp>

namespace llama {

/// One character of a text: its code point and where its bytes lie.
struct character {
  char32_t code;
  std::size_t begin;
  std::size_t size;  ///< in bytes; 1 to 4
};

/// The first character of `text`, which must not be empty. Where the text is not UTF-8 (stray or
/// missing continuation bytes, overlong forms, surrogates, above U+10FFFF) the code is U+FFFD and
/// the size that of the maximal invalid part, as the Unicode standard recommends (3.9, U+FFFD
/// Substitution of Maximal Subparts) and web browsers and Python's decoder do.
character first_character(std::string_view text);

/// Whether the text is UTF-8.
bool is_utf8(std::string_view text);

/// The text with every maximal invalid part replaced by U+FFFD.
std::string replace_invalid_utf8(std::string_view text);

using svf::in_quotes;

/// All characters of a text, invalid parts as in `first_character`.
std::vector<character> characters(std::string_view text);

/// Appends the UTF-8 form of a code point, which must not be a surrogate nor above U+10FFFF.
void append_utf8(std::string& text, char32_t code);

bool is_letter(char32_t code);      ///< general category L*, the \p{L} of regular expressions
bool is_number(char32_t code);      ///< general category N*, \p{N}
bool is_whitespace(char32_t code);  ///< property White_Space, \s

}  // namespace llama
