// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <string>
#include <string_view>
#include <vector>

#include "transformer/word_split.hpp"

namespace {

using words = std::vector<std::string_view>;

constexpr llama::word_splitting smollm{true, true, true};
constexpr llama::word_splitting gpt2{false, true, true};
constexpr llama::word_splitting none{};

}  // namespace

TEST_CASE("word_split: GPT-2's expression") {
  CHECK(llama::split_words("hello world", gpt2) == words{"hello", " world"});
  CHECK(llama::split_words("it's we'll'x", gpt2) == words{"it", "'s", " we", "'ll", "'", "x"});
  CHECK(llama::split_words("IT'S", gpt2) == words{"IT", "'", "S"});
  CHECK(llama::split_words("a 12b", gpt2) == words{"a", " 12", "b"});
  CHECK(llama::split_words("x!'s ?", gpt2) == words{"x", "!'", "s", " ?"});
  CHECK(llama::split_words("naïve 数学", gpt2) == words{"naïve", " 数学"});
}

TEST_CASE("word_split: the last space of a run goes to the word, other whitespace does not") {
  CHECK(llama::split_words("a   b", gpt2) == words{"a", "  ", " b"});
  CHECK(llama::split_words("a\nb", gpt2) == words{"a", "\n", "b"});
  CHECK(llama::split_words("a \n\nb", gpt2) == words{"a", " \n", "\n", "b"});
  CHECK(llama::split_words("a  ", gpt2) == words{"a", "  "});
  CHECK(llama::split_words(" ", gpt2) == words{" "});
  CHECK(llama::split_words("\u3000\u3000x", gpt2) == words{"\u3000", "\u3000", "x"});
}

TEST_CASE("word_split: with single numerals every numeral is alone and ends what lies before it") {
  CHECK(llama::split_words("a 12", smollm) == words{"a", " ", "1", "2"});
  CHECK(llama::split_words("a  1", smollm) == words{"a", "  ", "1"});
  CHECK(llama::split_words("²½Ⅷ", smollm) == words{"²", "½", "Ⅷ"});
  CHECK(llama::split_words("1a2", smollm) == words{"1", "a", "2"});
}

TEST_CASE("word_split: without any splitting a text is one word") {
  CHECK(llama::split_words("a b 12", none) == words{"a b 12"});
  CHECK(llama::split_words("", none).empty());
  CHECK(llama::split_words("", smollm).empty());
}
