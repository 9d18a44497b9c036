// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "tokenizer_data.hpp"

namespace llama {

/// Byte-pair encoding with GPT-2's or SmolLM's splitting into words.
///
/// Text → ids: special tokens are cut out (leftmost, longest first), what is left is split into
/// words, every word starts as single bytes, and the pair of the lowest rank (leftmost of equals)
/// is merged until none is left. Bytes without a token are dropped, as llama.cpp does, unless the
/// vocabulary names an unknown token. Text that is not UTF-8 is read with every maximal invalid
/// part replaced by U+FFFD. Deterministic; O(n log n) for n bytes; thread-safe.
class tokenizer {
 public:
  /// Throws `svf::error` (format) for an empty or inconsistent vocabulary: duplicate tokens,
  /// merges of or into tokens that do not exist, special ids out of range, `add_bos` without a
  /// `bos`, an unknown model or way of splitting. `source` names the file in messages.
  explicit tokenizer(tokenizer_data data, std::string const& source = "tokenizer");

  /// The ids of a text. Control tokens that occur in it (such as "<|im_start|>") are read as text
  /// unless `parse_special`. No `bos` is added. Throws `svf::error` (shape) from 2 GiB on.
  std::vector<std::int32_t> encode(std::string_view text, bool parse_special = false) const;

  /// The same for a text that a model reads from its beginning: with `bos` in front where the
  /// vocabulary asks for it (`add_bos`).
  std::vector<std::int32_t> encode_start(std::string_view text, bool parse_special = false) const {
    auto ids = encode(text, parse_special);
    if (data_.add_bos) {
      ids.insert(ids.begin(), *data_.bos);
    }
    return ids;
  }

  /// The bytes of the ids one after the other, control tokens included unless `render_special` is
  /// false. A result cut within a character is not UTF-8: see `replace_invalid_utf8`.
  /// Throws `svf::error` (format) for an id outside the vocabulary.
  std::string decode(std::span<std::int32_t const> ids, bool render_special = true) const;

  std::size_t vocabulary() const { return data_.tokens.size(); }
  /// The id of a token given by its bytes ("<|im_end|>", " the").
  std::optional<std::int32_t> find(std::string_view bytes) const;
  /// The bytes of one token. Throws `svf::error` (format) for an id outside the vocabulary.
  std::string const& bytes(std::int32_t id) const;
  token_kind kind(std::int32_t id) const;

  std::optional<std::int32_t> bos() const { return data_.bos; }
  std::optional<std::int32_t> eos() const { return data_.eos; }
  std::optional<std::int32_t> padding() const { return data_.padding; }
  bool add_bos() const { return data_.add_bos; }

  /// What it was made from.
  tokenizer_data const& data() const { return data_; }

 private:
  struct merge {
    std::int32_t rank;
    std::int32_t result;
  };
  struct text_hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const {
      return std::hash<std::string_view>{}(text);
    }
  };
  using id_map = std::unordered_map<std::string, std::int32_t, text_hash, std::equal_to<>>;

  void index_tokens(std::string const& source);
  void index_merges(std::string const& source);
  void encode_text(std::string_view text, std::vector<std::int32_t>& ids) const;
  void encode_word(std::string_view word, std::vector<std::int32_t>& ids) const;
  std::int32_t special_at(std::string_view text, bool parse_special) const;

  tokenizer_data data_;
  std::vector<std::string> bytes_;                           // by id
  id_map ids_;                                               // from the bytes of ordinary tokens
  id_map special_ids_;                                       // from the text of special tokens
  std::array<std::vector<std::int32_t>, 256> special_by_first_byte_;  // longest first
  std::unordered_map<std::uint64_t, merge> merges_;          // from (left id, right id)
};

}  // namespace llama
