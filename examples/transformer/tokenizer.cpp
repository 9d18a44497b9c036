// SPDX-License-Identifier: Apache-2.0
#include "tokenizer.hpp"

#include <algorithm>
#include <limits>
#include <queue>
#include <utility>

#include <svfmath/core/error.hpp>

#include "unicode.hpp"
#include "word_split.hpp"

namespace llama {

namespace {

constexpr std::int32_t none = -1;

using svf::error_kind;

// GPT-2's table of printable stand-ins: bytes that print stand for themselves, the others for
// U+0100 onwards in order.
bool prints_itself(unsigned byte) {
  return (byte >= 0x21 && byte <= 0x7E) || (byte >= 0xA1 && byte <= 0xAC) || byte >= 0xAE;
}

struct byte_characters {
  std::unordered_map<char32_t, char> byte_of;

  byte_characters() {
    char32_t next = 0x100;
    for (unsigned byte = 0; byte < 256; ++byte) {
      byte_of.emplace(prints_itself(byte) ? char32_t{byte} : next++, char(byte));
    }
  }
};

// The bytes that a byte-level token stands for; nothing if a character is not in the table.
std::optional<std::string> bytes_of_token(byte_characters const& table, std::string_view token) {
  std::string result;
  for (character const& c : characters(token)) {
    auto const found = table.byte_of.find(c.code);
    if (found == table.byte_of.end()) {
      return std::nullopt;
    }
    result += found->second;
  }
  return result;
}

std::uint64_t pair_key(std::int32_t left, std::int32_t right) {
  return std::uint64_t(std::uint32_t(left)) << 32 | std::uint32_t(right);
}

bool is_special(token_kind kind) {
  return kind == token_kind::control || kind == token_kind::unknown ||
         kind == token_kind::user_defined;
}

void check_id(std::string const& source, std::string_view what, std::optional<std::int32_t> id,
              std::size_t vocabulary) {
  svf::expects(!id || (*id >= 0 && std::size_t(*id) < vocabulary), error_kind::format, source,
               ": the ", what, " token must be an id below ", vocabulary, ", got ", id.value_or(0));
}

}  // namespace

tokenizer::tokenizer(tokenizer_data data, std::string const& source) : data_(std::move(data)) {
  svf::expects(data_.model == "gpt2", error_kind::format, source,
               ": expected a byte-pair tokenizer (\"gpt2\"), got ",
               data_.model.empty() ? "none" : in_quotes(data_.model).c_str());
  svf::expects(data_.splitting.words || data_.splitting_name.empty(), error_kind::format, source,
               ": splitting into words by ", in_quotes(data_.splitting_name),
               " is not known; known are smollm and gpt-2");
  svf::expects(!data_.tokens.empty() &&
                   data_.tokens.size() <= std::size_t(std::numeric_limits<std::int32_t>::max()),
               error_kind::format, source,
               ": expected a vocabulary of 1 … 2147483647 tokens, got ", data_.tokens.size());
  svf::expects(data_.kinds.size() == data_.tokens.size(), error_kind::format, source,
               ": expected a kind for each of ", data_.tokens.size(), " tokens, got ",
               data_.kinds.size());
  check_id(source, "bos", data_.bos, vocabulary());
  svf::expects(!data_.add_bos || data_.bos, error_kind::format, source,
               ": expected the id of the bos token that texts begin with, got none");
  check_id(source, "eos", data_.eos, vocabulary());
  check_id(source, "padding", data_.padding, vocabulary());
  check_id(source, "unknown", data_.unknown, vocabulary());
  index_tokens(source);
  index_merges(source);
}

void tokenizer::index_tokens(std::string const& source) {
  byte_characters const table;
  bytes_.resize(vocabulary());
  for (std::size_t i = 0; i < vocabulary(); ++i) {
    auto const id = std::int32_t(i);
    std::string const& spelling = data_.tokens[i];
    if (is_special(data_.kinds[i])) {
      svf::expects(!spelling.empty(), error_kind::format, source, ": special token ", id,
                   " is empty");
      bytes_[i] = spelling;
      svf::expects(special_ids_.emplace(spelling, id).second, error_kind::format, source,
                   ": special token ", in_quotes(spelling), " occurs twice");
      special_by_first_byte_[static_cast<unsigned char>(spelling[0])].push_back(id);
      continue;
    }
    if (data_.kinds[i] == token_kind::unused) {
      bytes_[i] = spelling;
      continue;
    }
    auto bytes = data_.splitting.byte_level ? bytes_of_token(table, spelling) : spelling;
    svf::expects(bytes && !bytes->empty(), error_kind::format, source, ": token ", id, ", ",
                 in_quotes(spelling), ", is empty or not in GPT-2's byte-to-character form");
    bytes_[i] = *bytes;
    svf::expects(ids_.emplace(*std::move(bytes), id).second, error_kind::format, source, ": token ",
                 in_quotes(spelling), " occurs twice");
  }
  for (auto& ids : special_by_first_byte_) {
    std::stable_sort(ids.begin(), ids.end(), [&](std::int32_t a, std::int32_t b) {
      return bytes_[std::size_t(a)].size() > bytes_[std::size_t(b)].size();
    });
  }
}

void tokenizer::index_merges(std::string const& source) {
  byte_characters const table;
  std::string result;
  merges_.reserve(data_.merges.size());
  std::int32_t rank = 0;
  auto const id_of = [&](std::string const& part) {
    auto const bytes = data_.splitting.byte_level ? bytes_of_token(table, part) : part;
    auto const found = bytes ? ids_.find(*bytes) : ids_.end();
    svf::expects(found != ids_.end(), error_kind::format, source, ": merge ", rank, " needs ",
                 in_quotes(part), ", which is not a token");
    return found->second;
  };
  for (auto const& parts : data_.merges) {
    std::int32_t const left = id_of(parts.first);
    std::int32_t const right = id_of(parts.second);
    std::int32_t const merged = id_of(parts.first + parts.second);
    merges_.emplace(pair_key(left, right), merge{rank, merged});  // the first of equals counts
    ++rank;
  }
}

std::vector<std::int32_t> tokenizer::encode(std::string_view text, bool parse_special) const {
  svf::expects(text.size() < std::size_t(std::numeric_limits<std::int32_t>::max()),
               error_kind::shape, "tokenizer::encode: expected a text below 2 GiB, got ",
               text.size(), " bytes");
  std::string repaired;
  if (!is_utf8(text)) {
    repaired = replace_invalid_utf8(text);
    text = repaired;
  }
  std::vector<std::int32_t> ids;
  std::size_t begin = 0;
  for (std::size_t at = 0; at < text.size();) {
    std::int32_t const special = special_at(text.substr(at), parse_special);
    if (special == none) {
      ++at;
      continue;
    }
    encode_text(text.substr(begin, at - begin), ids);
    ids.push_back(special);
    at += bytes_[std::size_t(special)].size();
    begin = at;
  }
  encode_text(text.substr(begin), ids);
  return ids;
}

// The longest special token that `text` begins with.
std::int32_t tokenizer::special_at(std::string_view text, bool parse_special) const {
  for (std::int32_t const id : special_by_first_byte_[static_cast<unsigned char>(text[0])]) {
    bool const wanted = parse_special || data_.kinds[std::size_t(id)] == token_kind::user_defined;
    if (wanted && text.starts_with(bytes_[std::size_t(id)])) {
      return id;
    }
  }
  return none;
}

void tokenizer::encode_text(std::string_view text, std::vector<std::int32_t>& ids) const {
  for (std::string_view const word : split_words(text, data_.splitting)) {
    encode_word(word, ids);
  }
}

void tokenizer::encode_word(std::string_view word, std::vector<std::int32_t>& ids) const {
  if (data_.whole_words_first) {
    if (auto const found = ids_.find(word); found != ids_.end()) {
      ids.push_back(found->second);
      return;
    }
  }
  // The symbols are a linked list; a merge keeps the left one and unlinks the right one.
  struct symbol {
    std::int32_t id, previous, next;
  };
  std::vector<symbol> symbols;
  for (std::size_t at = 0; at < word.size();) {
    std::size_t const size =
        data_.splitting.byte_level ? 1 : first_character(word.substr(at)).size;
    auto const found = ids_.find(word.substr(at, size));
    auto const index = std::int32_t(symbols.size());
    symbols.push_back({found == ids_.end() ? none : found->second, index - 1, index + 1});
    at += size;
  }
  symbols.back().next = none;

  struct candidate {
    std::int32_t rank, left, right, left_id, right_id, result;
    // std::priority_queue puts the largest first: the lowest rank, leftmost of equals.
    bool operator<(candidate const& other) const {
      return rank != other.rank ? rank > other.rank : left > other.left;
    }
  };
  std::priority_queue<candidate> queue;
  auto const propose = [&](std::int32_t left, std::int32_t right) {
    if (left == none || right == none) {
      return;
    }
    std::int32_t const left_id = symbols[std::size_t(left)].id;
    std::int32_t const right_id = symbols[std::size_t(right)].id;
    if (left_id == none || right_id == none) {
      return;
    }
    if (auto const found = merges_.find(pair_key(left_id, right_id)); found != merges_.end()) {
      queue.push({found->second.rank, left, right, left_id, right_id, found->second.result});
    }
  };
  for (std::int32_t i = 0; i + 1 < std::int32_t(symbols.size()); ++i) {
    propose(i, i + 1);
  }
  constexpr std::int32_t unlinked = -2;
  while (!queue.empty()) {
    candidate const best = queue.top();
    queue.pop();
    symbol& left = symbols[std::size_t(best.left)];
    symbol& right = symbols[std::size_t(best.right)];
    if (left.id != best.left_id || right.id != best.right_id || left.next != best.right) {
      continue;  // one of the two was merged with another neighbour since
    }
    left.id = best.result;
    left.next = right.next;
    right.id = unlinked;
    if (left.next != none) {
      symbols[std::size_t(left.next)].previous = best.left;
    }
    propose(left.previous, best.left);
    propose(best.left, left.next);
  }

  bool after_unknown = false;
  for (std::int32_t i = 0; i != none; i = symbols[std::size_t(i)].next) {
    std::int32_t const id = symbols[std::size_t(i)].id;
    if (id != none) {
      ids.push_back(id);
    } else if (data_.unknown && !(after_unknown && data_.fuse_unknown)) {
      ids.push_back(*data_.unknown);
    }
    after_unknown = id == none;
  }
}

std::string tokenizer::decode(std::span<std::int32_t const> ids, bool render_special) const {
  std::string text;
  for (std::int32_t const id : ids) {
    std::string const& piece = bytes(id);
    bool const hidden = kind(id) == token_kind::control || kind(id) == token_kind::unknown;
    if (render_special || !hidden) {
      text += piece;
    }
  }
  return text;
}

std::optional<std::int32_t> tokenizer::find(std::string_view bytes) const {
  for (id_map const* map : {&special_ids_, &ids_}) {
    if (auto const found = map->find(bytes); found != map->end()) {
      return found->second;
    }
  }
  return std::nullopt;
}

std::string const& tokenizer::bytes(std::int32_t id) const {
  svf::expects(id >= 0 && std::size_t(id) < vocabulary(), error_kind::format,
               "tokenizer: expected an id in 0 … ", vocabulary() - 1, ", got ", id);
  return bytes_[std::size_t(id)];
}

token_kind tokenizer::kind(std::int32_t id) const {
  bytes(id);
  return data_.kinds[std::size_t(id)];
}

}  // namespace llama
