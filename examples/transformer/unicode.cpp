// SPDX-License-Identifier: Apache-2.0
#include "unicode.hpp"

#include <utf8proc.h>

namespace llama {

namespace {

constexpr char32_t replacement = 0xFFFD;

// What a leading byte says about its character: the number of bytes, and the range in which the
// second byte must lie (Unicode standard, table 3-7). Size 0: no character begins so.
struct lead {
  std::size_t size;
  unsigned char low, high;
};

lead classify(unsigned char byte) {
  if (byte < 0x80) return {1, 0, 0};
  if (byte < 0xC2) return {0, 0, 0};
  if (byte < 0xE0) return {2, 0x80, 0xBF};
  if (byte == 0xE0) return {3, 0xA0, 0xBF};
  if (byte == 0xED) return {3, 0x80, 0x9F};
  if (byte < 0xF0) return {3, 0x80, 0xBF};
  if (byte == 0xF0) return {4, 0x90, 0xBF};
  if (byte < 0xF4) return {4, 0x80, 0xBF};
  if (byte == 0xF4) return {4, 0x80, 0x8F};
  return {0, 0, 0};
}

}  // namespace

character first_character(std::string_view text) {
  auto const first = static_cast<unsigned char>(text[0]);
  lead const expected = classify(first);
  if (expected.size == 1) {
    return {first, 0, 1};
  }
  if (expected.size == 0) {
    return {replacement, 0, 1};
  }
  char32_t code = first & (0x7Fu >> expected.size);
  for (std::size_t i = 1; i < expected.size; ++i) {
    auto const byte = i < text.size() ? static_cast<unsigned char>(text[i]) : 0u;
    bool const fits = i == 1 ? byte >= expected.low && byte <= expected.high : (byte >> 6) == 2;
    if (!fits) {
      return {replacement, 0, i};
    }
    code = code << 6 | (byte & 0x3Fu);
  }
  return {code, 0, expected.size};
}

std::vector<character> characters(std::string_view text) {
  std::vector<character> result;
  result.reserve(text.size());
  for (std::size_t at = 0; at < text.size();) {
    character next = first_character(text.substr(at));
    next.begin = at;
    at += next.size;
    result.push_back(next);
  }
  return result;
}

bool is_utf8(std::string_view text) {
  while (!text.empty()) {
    character const next = first_character(text);
    if (next.code == replacement && text.substr(0, next.size) != "\xEF\xBF\xBD") {
      return false;
    }
    text.remove_prefix(next.size);
  }
  return true;
}

std::string replace_invalid_utf8(std::string_view text) {
  std::string result;
  result.reserve(text.size());
  while (!text.empty()) {
    character const next = first_character(text);
    if (next.code == replacement) {
      append_utf8(result, replacement);
    } else {
      result.append(text.substr(0, next.size));
    }
    text.remove_prefix(next.size);
  }
  return result;
}

void append_utf8(std::string& text, char32_t code) {
  if (code < 0x80) {
    text += char(code);
    return;
  }
  int const continuation = code < 0x800 ? 1 : code < 0x10000 ? 2 : 3;
  text += char(0xFF00u >> (continuation + 1) | code >> (6 * continuation));
  for (int i = continuation - 1; i >= 0; --i) {
    text += char(0x80u | (code >> (6 * i) & 0x3Fu));
  }
}

bool is_letter(char32_t code) {
  auto const category = utf8proc_category(utf8proc_int32_t(code));
  return category >= UTF8PROC_CATEGORY_LU && category <= UTF8PROC_CATEGORY_LO;
}

bool is_number(char32_t code) {
  auto const category = utf8proc_category(utf8proc_int32_t(code));
  return category >= UTF8PROC_CATEGORY_ND && category <= UTF8PROC_CATEGORY_NO;
}

bool is_whitespace(char32_t code) {
  if (code < 0x80) {
    return code == ' ' || (code >= '\t' && code <= '\r');
  }
  auto const category = utf8proc_category(utf8proc_int32_t(code));
  return code == 0x85 || (category >= UTF8PROC_CATEGORY_ZS && category <= UTF8PROC_CATEGORY_ZP);
}

}  // namespace llama
