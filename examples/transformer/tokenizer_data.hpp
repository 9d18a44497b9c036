// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace llama {

/// What a token is for. The values are those of GGUF's `tokenizer.ggml.token_type`.
enum class token_kind : std::int32_t {
  normal = 1,
  unknown = 2,
  control = 3,       ///< never made from plain text
  user_defined = 4,  ///< cut out of any text before the splitting into words
  unused = 5,
  byte = 6,
};

/// How a text is cut into words before merging.
struct word_splitting {
  bool single_numerals = false;  ///< every \p{N} character stands alone (SmolLM)
  bool words = false;            ///< GPT-2's expression
  bool byte_level = false;       ///< symbols are bytes; otherwise they are characters

  bool operator==(word_splitting const&) const = default;
};

/// A byte-pair vocabulary as a model file holds it, before any check.
struct tokenizer_data {
  std::string model;                ///< `tokenizer` understands "gpt2"; empty: none was given
  std::string splitting_name;       ///< the file's own word for `splitting`, for messages
  word_splitting splitting;
  std::vector<std::string> tokens;  ///< by id; byte-level ones in GPT-2's byte-to-character form
  std::vector<token_kind> kinds;    ///< by id
  std::vector<std::pair<std::string, std::string>> merges;  ///< by rank
  std::optional<std::int32_t> bos, eos, padding;
  std::optional<std::int32_t> unknown;  ///< stands for symbols without a token; none: dropped
  bool fuse_unknown = false;            ///< one `unknown` for a run of symbols without a token
  bool whole_words_first = false;       ///< a word that is a token skips the merges
  bool add_bos = false;                 ///< the model expects `bos` before every text
  std::string chat_template;            ///< Jinja source as found in the file, possibly empty
};

}  // namespace llama
