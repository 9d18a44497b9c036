// SPDX-License-Identifier: Apache-2.0
#include "word_split.hpp"

#include <array>
#include <span>

#include "unicode.hpp"

namespace llama {

namespace {

enum class character_class { letter, number, whitespace, other };

character_class class_of(char32_t code) {
  if (is_letter(code)) return character_class::letter;
  if (is_number(code)) return character_class::number;
  if (is_whitespace(code)) return character_class::whitespace;
  return character_class::other;
}

struct classified {
  character_class kind;
  bool space;  // U+0020, the only whitespace that joins the word after it
  std::size_t begin, size;
};

std::vector<classified> classify(std::string_view text) {
  std::vector<classified> result;
  result.reserve(text.size());
  for (character const& c : characters(text)) {
    result.push_back({class_of(c.code), c.code == U' ', c.begin, c.size});
  }
  return result;
}

// The length in characters of a contraction that `text` begins with, or 0.
std::size_t contraction(std::string_view text) {
  static constexpr std::array<std::string_view, 7> endings{"'s", "'t",  "'re", "'ve",
                                                           "'m", "'ll", "'d"};
  for (std::string_view const ending : endings) {
    if (text.starts_with(ending)) {
      return ending.size();
    }
  }
  return 0;
}

std::size_t run_length(std::span<classified const> text, std::size_t from) {
  std::size_t to = from;
  while (to < text.size() && text[to].kind == text[from].kind) {
    ++to;
  }
  return to - from;
}

// The number of characters of the first word of `rest`.
std::size_t first_word(std::string_view bytes, std::span<classified const> rest) {
  if (std::size_t const size = contraction(bytes.substr(rest[0].begin)); size > 0) {
    return size;
  }
  std::size_t const lead = rest[0].space && rest.size() > 1 ? 1 : 0;
  if (rest[lead].kind != character_class::whitespace) {
    return lead + run_length(rest, lead);
  }
  // Of a run of whitespace the last character is left to the word after it, if there is one; a
  // run of one that did not join a word is a stretch that the expression does not match.
  std::size_t const run = run_length(rest, 0);
  return run == rest.size() || run == 1 ? run : run - 1;
}

std::string_view bytes_of(std::string_view text, std::span<classified const> word) {
  std::size_t const end = word.back().begin + word.back().size;
  return text.substr(word.front().begin, end - word.front().begin);
}

void split_stretch(std::string_view text, std::span<classified const> stretch, bool words,
                   std::vector<std::string_view>& result) {
  while (!stretch.empty()) {
    std::size_t const size = words ? first_word(text, stretch) : stretch.size();
    result.push_back(bytes_of(text, stretch.first(size)));
    stretch = stretch.subspan(size);
  }
}

}  // namespace

std::vector<std::string_view> split_words(std::string_view text, word_splitting const& how) {
  std::vector<std::string_view> result;
  std::vector<classified> const all = classify(text);
  std::span<classified const> const whole(all);
  std::size_t begin = 0;
  for (std::size_t i = 0; how.single_numerals && i < all.size(); ++i) {
    if (all[i].kind == character_class::number) {
      split_stretch(text, whole.subspan(begin, i - begin), how.words, result);
      result.push_back(bytes_of(text, whole.subspan(i, 1)));
      begin = i + 1;
    }
  }
  split_stretch(text, whole.subspan(begin), how.words, result);
  return result;
}

}  // namespace llama
