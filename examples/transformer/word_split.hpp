// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>
#include <vector>

#include "tokenizer_data.hpp"

namespace llama {

/// Cuts UTF-8 text into the words within which tokens are merged; the words join up to the text.
///
/// With `single_numerals` every \p{N} character becomes a word of its own first, and what lies
/// between is split further as if it were a text by itself. With `words` that is done by GPT-2's
/// expression, 's|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S), where
/// stretches that it does not match are words too. With neither the text is one word.
std::vector<std::string_view> split_words(std::string_view text, word_splitting const& how);

}  // namespace llama
