// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <string>

#include "transformer/unicode.hpp"

namespace {

std::string encoded(char32_t code) {
  std::string text;
  llama::append_utf8(text, code);
  return text;
}

}  // namespace

TEST_CASE("unicode: every code point survives encoding and decoding") {
  for (char32_t code = 0; code <= 0x10FFFF; code += code < 0x3000 ? 1 : 37) {
    if (code >= 0xD800 && code <= 0xDFFF) {
      continue;
    }
    std::string const text = encoded(code);
    llama::character const c = llama::first_character(text);
    bool const same = c.code == code && c.size == text.size() && llama::is_utf8(text);
    if (!same) {
      FAIL_CHECK("code point " << std::uint32_t(code));
    }
  }
  CHECK(encoded(U'A') == "A");
  CHECK(encoded(0xE9) == "\xC3\xA9");
  CHECK(encoded(0x6570) == "\xE6\x95\xB0");
  CHECK(encoded(0x1F642) == "\xF0\x9F\x99\x82");
}

TEST_CASE("unicode: maximal invalid parts become one replacement each") {
  std::string const r = "\xEF\xBF\xBD";
  auto const repaired = llama::replace_invalid_utf8;
  CHECK(repaired("plain é") == "plain é");
  CHECK(repaired("\x80") == r);
  CHECK(repaired("a\xff\xfe") == "a" + r + r);
  CHECK(repaired("\xc3") == r);
  CHECK(repaired("\xe2\x82") == r);
  CHECK(repaired("\xe2\x82x") == r + "x");
  CHECK(repaired("\xc0\xaf") == r + r);                  // overlong
  CHECK(repaired("\xe0\x80\xaf") == r + r + r);          // overlong
  CHECK(repaired("\xed\xa0\x80") == r + r + r);          // surrogate
  CHECK(repaired("\xf4\x90\x80\x80") == r + r + r + r);  // above U+10FFFF
  // The example of the Unicode standard's table 3-11.
  CHECK(repaired("\xe1\x80\xe2\xf0\x91\x92\xf1\xbf\x41") == r + r + r + r + "A");
  CHECK_FALSE(llama::is_utf8("\xed\xa0\x80"));
  CHECK(llama::is_utf8(r));
}

TEST_CASE("unicode: classes") {
  for (char32_t const letter : {U'a', U'Z', U'é', U'數', U'ª', U'ʰ', U'א', char32_t{0x10330}}) {
    CHECK(llama::is_letter(letter));
    CHECK_FALSE(llama::is_number(letter));
    CHECK_FALSE(llama::is_whitespace(letter));
  }
  for (char32_t const number : {U'0', U'9', U'²', U'½', U'Ⅷ', U'٣', U'〇', char32_t{0x1D7D8}}) {
    CHECK(llama::is_number(number));
    CHECK_FALSE(llama::is_letter(number));
  }
  for (int const space : {0x09, 0x0A, 0x0B, 0x0C, 0x0D, 0x20, 0x85, 0xA0, 0x1680, 0x2000,
                               0x200A, 0x2028, 0x2029, 0x202F, 0x205F, 0x3000}) {
    CHECK(llama::is_whitespace(char32_t(space)));
  }
  for (int const other : {0x00, 0x1C, 0x1F, 0x7F, 0x180E, 0x200B, 0xFEFF, 0x301}) {
    CHECK_FALSE(llama::is_whitespace(char32_t(other)));
    CHECK_FALSE(llama::is_letter(char32_t(other)));
    CHECK_FALSE(llama::is_number(char32_t(other)));
  }
}
