// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <cstdint>
#include <cstdlib>
#include <string>
#include <vector>

#include <svfmath/core/error.hpp>
#include <svfmath/core/random.hpp>

#include "smollm2_file.hpp"
#include "transformer/gguf_checkpoint.hpp"
#include "transformer/tokenizer.hpp"
#include "transformer/unicode.hpp"

namespace {

using id_list = std::vector<std::int32_t>;

struct golden_ids {
  std::string text;
  id_list expected;
};

// By an independent implementation, control tokens read as such.
std::vector<golden_ids> const prompts{
    {"The capital of France is", {504, 3575, 282, 4649, 314}},
    {"def fibonacci(n):\n    ", {1604, 3987, 46477, 24, 94, 727, 2367}},
    {"Question: Which gas do plants absorb from the air?\nAnswer:",
     {17872, 42, 10366, 2811, 536, 2109, 6024, 429, 260, 1512, 47, 198, 21350, 42}},
    {"In 2023, 17 people paid $1,250.50 each; the total was",
     {788, 216, 34, 32, 34, 35, 28, 216, 33,  39, 701, 5940, 1885,
      33,  28,  34, 37, 32, 30, 37, 32,  971, 43, 260, 2719, 436}},
    {"  leading spaces and\ttabs\nand newlines\n\n\nend",
     {216, 2899, 5600, 284, 197, 100, 7366, 198, 397, 725, 5110, 1116, 198, 486}},
    {"Ünïcödé 数学 текст 🙂 naïve café",
     {142,   246, 94,    25972, 83,    7466,  84,    2756,  216,   18265,
      18753, 116, 38106, 6643,  13760, 24674, 47526, 15486, 46494, 37366}},
    {"<|im_start|>user\nWrite a haiku about rivers.<|im_end|>\n<|im_start|>assistant\n",
     {1, 4093, 198, 19161, 253, 421, 30614, 563, 7626, 30, 2, 198, 1, 520, 9531, 198}},
    {"It's we'll they've I'm you'd don't 1234567890",
     {1589, 506, 392, 3060, 502, 3543, 339, 5248, 346, 6737, 1326, 982,
      216,  33,  34,  35,   36,  37,   38,  39,   40,  41,   32}},
};

// By Hugging Face's tokenizers 0.23 with Digits(individual) and ByteLevel on the same vocabulary.
std::vector<golden_ids> const awkward{
    {"", {}},
    {"a", {81}},
    {"hello world", {28120, 905}},
    {"  two  spaces   three", {216, 827, 216, 5600, 256, 1296}},
    {"\n", {198}},
    {"\n\n", {1116}},
    {"a\nb", {81, 198, 82}},
    {"a \n b", {81, 3717, 278}},
    {"\t\ttabs\t", {197, 197, 100, 7366, 197}},
    {"trailing   ", {4861, 4966, 333}},
    {"trailing \n", {4861, 4966, 3717}},
    {"it's we'll THEY'VE 'tis 'S x's's",
     {269, 506, 392, 3060, 6462, 73, 23, 18525, 637, 34818, 637, 67, 1792, 506, 506}},
    {"don''t '", {12420, 3816, 100, 637}},
    {"\r\n windows\r\n", {2738, 8393, 2738}},
    {"2² ½ Ⅷ \xd9\xa3\xd9\xa4 \xe4\xb8\x89",
     {34, 19133, 216, 16738, 216, 173, 223, 117, 216, 164, 113, 164, 114, 216, 7906, 227}},
    {"a12b 34", {81, 33, 34, 82, 216, 35, 36}},
    {"1,000.50 $5", {33, 28, 32, 32, 32, 30, 37, 32, 1885, 37}},
    {"🙂\xf0\x9f\x91\xa8\xe2\x80\x8d\xf0\x9f\x91\xa9\xe2\x80\x8d\xf0\x9f\x91\xa7 "
     "\xf0\x9f\x87\xab\xf0\x9f\x87\xb7",
     {10813, 38887, 10813, 235, 118,   321, 231, 10813, 235, 119, 321,
      231,   10813, 235,   117, 15107, 225, 121, 10813, 225, 132}},
    {"数学\xe3\x81\xaf楽しい\xef\xbc\x81",
     {18265, 18753, 116, 7365, 124, 177, 115, 138, 41414, 41679, 8083, 219}},
    {"e\xcc\x81 n\xcc\x83o", {85, 151, 219, 304, 151, 221, 95}},
    {"\xe0\xa4\xb9\xe0\xa4\xbf\xe0\xa4\xa8\xe0\xa5\x8d\xe0\xa4\xa6\xe0\xa5\x80",
     {4300, 134, 27011, 30658, 16525, 44757, 37189}},
    {"\xd8\xa7\xd9\x84\xd8\xb9\xd8\xb1\xd8\xa8\xd9\x8a\xd8\xa9",
     {22208, 34966, 20602, 31462, 23339, 43463}},
    {"\xc2\xa0nbsp\xc2\xa0\xc2\xa0x", {15442, 94, 32093, 15442, 15442, 104}},
    {"\xe3\x80\x80ideographic\xe2\x80\x83"
     "em\xe2\x80\xa8line\xe2\x80\xa9par\xc2\x85nel",
     {12109, 218, 489, 4551, 321, 221, 391, 321, 118, 1311, 321, 119, 1095, 141, 223, 5824}},
    {"\xef\xbb\xbf"
     "bom \xe2\x80\x8bzwsp",
     {186, 136, 140, 82, 300, 459, 229, 106, 103, 2401}},
    {"a\xc2\xad"
     "b",
     {81, 141, 251, 82}},
    {"x=1;y==2!=3 //c++ <<>>",
     {104, 45, 33, 43, 105, 1189, 34, 42732, 35, 13241, 83, 11444, 22646, 7791}},
    {"<|im_start|>user\nhi<|im_end|>\n", {1, 4093, 198, 6004, 2, 198}},
    {"<|im_start|><|im_start|>|im_end|>", {1, 1, 108, 306, 79, 486, 108, 46}},
    {"\xc7\x85\xca\xb0\xd7\x90\xe1\x9b\xae\xe3\x80\x87",
     {146, 223, 149, 125, 34841, 172, 245, 123, 12109, 225}},
    {"...!!!?\?\?---___", {2026, 29646, 16693, 47, 5583, 19129}},
    {"\xf0\x90\x8c\xb0\xf0\x9d\x9f\x98\xf0\x9d\x90\x80",
     {187, 234, 230, 125, 23159, 249, 242, 45100, 218}},
    {"def f(x):\n        return x**2\n", {1604, 275, 24, 104, 727, 448, 1003, 1792, 828, 34, 198}},
    {"http://a.b/c?d=1&e=2", {5031, 1742, 81, 30, 82, 31, 83, 47, 84, 45, 33, 22, 85, 45, 34}},
    {"\xef\xbf\xbd", {24211}},
};

llama::tokenizer smollm2_tokenizer(std::string const& file) {
  return llama::tokenizer(llama::gguf_tokenizer(llama::gguf_file(file)), file);
}

void check(llama::tokenizer const& tok, std::vector<golden_ids> const& all) {
  for (golden_ids const& text : all) {
    INFO(text.text);
    CHECK(tok.encode(text.text, true) == text.expected);
    CHECK(tok.decode(text.expected) == text.text);
  }
}

// A small byte-level vocabulary: the printable ASCII letters a to h, space, and some merges.
llama::tokenizer_data small_vocabulary() {
  llama::tokenizer_data data;
  data.model = "gpt2";
  data.splitting = {.single_numerals = true, .words = true, .byte_level = true};
  for (char const* token : {"a", "b", "c", "d", "Ġ", "ab", "bc", "abc", "Ġa", "cd", "1", "2"}) {
    data.tokens.emplace_back(token);
    data.kinds.push_back(llama::token_kind::normal);
  }
  data.merges = {{"b", "c"}, {"a", "b"}, {"a", "bc"}, {"Ġ", "a"}, {"c", "d"}};
  return data;
}

void add(llama::tokenizer_data& data, std::string const& token, llama::token_kind kind) {
  data.tokens.push_back(token);
  data.kinds.push_back(kind);
}

std::string message_of(llama::tokenizer_data const& data) {
  try {
    llama::tokenizer const tok(data, "file");
  } catch (svf::error const& problem) {
    CHECK(problem.kind() == svf::error_kind::format);
    return problem.what();
  }
  return "";
}

bool mentions(std::string const& message, std::string const& part) {
  return message.find("file") != std::string::npos && message.find(part) != std::string::npos;
}

// Merging as the definition says: the lowest rank, leftmost of equals, until no pair is left.
id_list merged_naively(llama::tokenizer_data const& data, std::string const& word) {
  std::vector<std::string> parts;
  for (char const c : word) {
    parts.emplace_back(1, c);
  }
  for (bool found = true; found;) {
    found = false;
    for (std::size_t rank = 0; rank < data.merges.size() && !found; ++rank) {
      auto const& pair = data.merges[rank];
      for (std::size_t i = 0; i + 1 < parts.size() && !found; ++i) {
        if (parts[i] == pair.first && parts[i + 1] == pair.second) {
          parts[i] += parts[i + 1];
          parts.erase(parts.begin() + std::ptrdiff_t(i) + 1);
          found = true;
        }
      }
    }
  }
  id_list result;
  for (std::string const& part : parts) {
    for (std::size_t id = 0; id < data.tokens.size(); ++id) {
      if (data.tokens[id] == part) {
        result.push_back(std::int32_t(id));
      }
    }
  }
  return result;
}

}  // namespace

TEST_CASE("tokenizer: SmolLM2 gives the golden ids") {
  auto const file = test::smollm2_file();
  if (!file) {
    return;
  }
  llama::tokenizer const tok = smollm2_tokenizer(*file);
  CHECK(tok.vocabulary() == 49152);
  CHECK(tok.bos() == 1);
  CHECK(tok.eos() == 2);
  CHECK_FALSE(tok.add_bos());
  check(tok, prompts);
  check(tok, awkward);
}

TEST_CASE("tokenizer: SmolLM2 reads control tokens as text unless asked") {
  auto const file = test::smollm2_file();
  if (!file) {
    return;
  }
  llama::tokenizer const tok = smollm2_tokenizer(*file);
  auto const plain = tok.encode("<|im_end|>");
  CHECK(plain.size() > 1);
  for (std::int32_t const id : plain) {
    CHECK(tok.kind(id) == llama::token_kind::normal);
  }
  CHECK(tok.decode(plain) == "<|im_end|>");
  CHECK(tok.encode("<|im_end|>", true) == id_list{2});
  CHECK(tok.decode(id_list{1, 2}, false).empty());
  CHECK(tok.find("<|im_start|>") == 1);
}

TEST_CASE("tokenizer: SmolLM2 drops the bytes that have no token and only those") {
  auto const file = test::smollm2_file();
  if (!file) {
    return;
  }
  llama::tokenizer const tok = smollm2_tokenizer(*file);
  int missing = 0;
  for (int byte = 0; byte < 256; ++byte) {
    missing += tok.find(std::string(1, char(byte))) ? 0 : 1;
  }
  CHECK(missing == 21);
  for (char const* byte : {"\x04", "\x06", "\x13", "\x14", "\x16", "\x1d"}) {
    CHECK(tok.encode(byte).empty());
    CHECK(tok.decode(tok.encode(std::string("a") + byte + "b")) == "ab");
  }
}

TEST_CASE("tokenizer: SmolLM2 decodes what it encoded, for random Unicode") {
  auto const file = test::smollm2_file();
  if (!file) {
    return;
  }
  llama::tokenizer const tok = smollm2_tokenizer(*file);
  svf::random_stream const random(20250101);
  std::uint64_t at = 0;
  for (int round = 0; round < 2000; ++round) {
    std::string text;
    auto const length = random.below(at++, 24);
    for (std::uint64_t i = 0; i < length; ++i) {
      // Half ASCII, half anywhere below the planes whose lead bytes f1 and f2 have no token.
      bool const ascii = random.below(at++, 2) == 0;
      auto const code = char32_t(ascii ? 0x20 + random.below(at++, 0x5F)
                                       : 0xA0 + random.below(at++, 0x40000 - 0xA0));
      if (code < 0xD800 || code > 0xDFFF) {
        llama::append_utf8(text, code);
      }
    }
    INFO("seed 20250101, round " << round << ": " << text);
    REQUIRE(tok.decode(tok.encode(text)) == text);
  }
}

TEST_CASE("tokenizer: merges the lowest rank first, leftmost of equals") {
  llama::tokenizer const tok(small_vocabulary());
  CHECK(tok.encode("abc") == id_list{7});  // b c before a b
  CHECK(tok.encode("abab") == id_list{5, 5});
  CHECK(tok.encode("bcd") == id_list{6, 3});  // b c (rank 0) before c d (rank 4)
  CHECK(tok.encode("cdcd") == id_list{9, 9});
  CHECK(tok.encode("b abc") == id_list{1, 4, 7});  // Ġ a (rank 3) comes after a bc (rank 2)
  CHECK(tok.encode("b a") == id_list{1, 8});
  CHECK(tok.encode("").empty());
}

TEST_CASE("tokenizer: merges as the definition says, on random words and merges") {
  svf::random_stream const random(77);
  std::uint64_t at = 0;
  for (int round = 0; round < 200; ++round) {
    llama::tokenizer_data data;
    data.model = "gpt2";
    data.splitting = {.byte_level = true};
    for (char const* token : {"a", "b", "c"}) {
      add(data, token, llama::token_kind::normal);
    }
    for (int i = 0; i < 12; ++i) {
      std::string const left = data.tokens[random.below(at++, data.tokens.size())];
      std::string const right = data.tokens[random.below(at++, data.tokens.size())];
      bool known = false;
      for (std::string const& token : data.tokens) {
        known = known || token == left + right;
      }
      if (!known) {
        add(data, left + right, llama::token_kind::normal);
      }
      data.merges.emplace_back(left, right);
    }
    llama::tokenizer const tok(data);
    for (int word = 0; word < 10; ++word) {
      std::string text;
      for (std::uint64_t i = 1 + random.below(at++, 40); i > 0; --i) {
        text += char('a' + random.below(at++, 3));
      }
      INFO("seed 77, round " << round << ": " << text);
      REQUIRE(tok.encode(text) == merged_naively(data, text));
    }
  }
}

TEST_CASE("tokenizer: numerals stand alone and take no space") {
  llama::tokenizer const tok(small_vocabulary());
  CHECK(tok.encode("a 12") == id_list{0, 4, 10, 11});
}

TEST_CASE("tokenizer: symbols without a token are dropped, or become the unknown token") {
  llama::tokenizer_data data = small_vocabulary();
  CHECK(llama::tokenizer(data).encode("axyb") == id_list{0, 1});
  add(data, "<unk>", llama::token_kind::unknown);
  data.unknown = 12;
  CHECK(llama::tokenizer(data).encode("axyb") == id_list{0, 12, 12, 1});
  data.fuse_unknown = true;
  CHECK(llama::tokenizer(data).encode("axyb") == id_list{0, 12, 1});
}

TEST_CASE("tokenizer: a vocabulary of characters without splitting or merges") {
  llama::tokenizer_data data;
  data.model = "gpt2";
  for (char const* token : {"a", " ", "é", "1"}) {
    add(data, token, llama::token_kind::normal);
  }
  llama::tokenizer const tok(data);
  CHECK(tok.encode("a é11") == id_list{0, 1, 2, 3, 3});
  CHECK(tok.decode(tok.encode("a é11")) == "a é11");
  CHECK(tok.encode("aüa") == id_list{0, 0});
}

TEST_CASE("tokenizer: special tokens are cut out longest first") {
  llama::tokenizer_data data = small_vocabulary();
  add(data, "<a>", llama::token_kind::control);       // 12
  add(data, "<a><a>", llama::token_kind::control);    // 13
  add(data, "ab", llama::token_kind::user_defined);   // 14, beside the ordinary 5
  llama::tokenizer const tok(data);
  CHECK(tok.encode("<a><a><a>b", true) == id_list{13, 12, 1});
  CHECK(tok.encode("cabc") == id_list{2, 14, 2});
  CHECK(tok.encode("<a>", false) == id_list{0});  // '<' and '>' have no token here
}

TEST_CASE("tokenizer: a word that is a token skips the merges where the file says so") {
  llama::tokenizer_data data = small_vocabulary();
  data.merges = {{"b", "c"}};
  CHECK(llama::tokenizer(data).encode("ab") == id_list{0, 1});
  data.whole_words_first = true;
  CHECK(llama::tokenizer(data).encode("ab") == id_list{5});
}

TEST_CASE("tokenizer: text that is not UTF-8 is read with U+FFFD") {
  llama::tokenizer_data data = small_vocabulary();
  for (char const* token : {"ï", "¿", "½"}) {  // the bytes ef bf bd
    add(data, token, llama::token_kind::normal);
  }
  llama::tokenizer const tok(data);
  CHECK(tok.encode("a\xff") == id_list{0, 12, 13, 14});
  CHECK(tok.encode("\xe2\x82"
                   "b") == id_list{12, 13, 14, 1});  // a maximal invalid part, once
  CHECK(tok.decode(tok.encode("a\xff")) == "a\xEF\xBF\xBD");
}

TEST_CASE("tokenizer: a long word takes n log n") {
  llama::tokenizer const tok(small_vocabulary());
  std::string word(1 << 20, 'a');
  for (std::size_t i = 1; i < word.size(); i += 2) {
    word[i] = 'b';
  }
  CHECK(tok.encode(word).size() == word.size() / 2);
}

TEST_CASE("tokenizer: ids outside the vocabulary are refused") {
  llama::tokenizer const tok(small_vocabulary());
  CHECK_THROWS_AS(tok.decode(id_list{12}), svf::error);
  CHECK_THROWS_AS(tok.decode(id_list{-1}), svf::error);
  CHECK_THROWS_AS(tok.bytes(12), svf::error);
  CHECK_THROWS_AS(tok.kind(-1), svf::error);
}

TEST_CASE("tokenizer: inconsistent vocabularies are refused by what is wrong") {
  auto const with = [](auto change) {
    llama::tokenizer_data data = small_vocabulary();
    change(data);
    return message_of(data);
  };
  CHECK(with([](auto&) {}).empty());
  CHECK(mentions(with([](auto& d) { d.model = "bert"; }), "'bert'"));
  CHECK(mentions(with([](auto& d) { d.model = ""; }), "none"));
  CHECK(mentions(with([](auto& d) { d.tokens.clear(); }), "got 0"));
  CHECK(mentions(with([](auto& d) { d.kinds.pop_back(); }), "a kind for each"));
  CHECK(mentions(with([](auto& d) { d.tokens[3] = "a"; }), "'a' occurs twice"));
  CHECK(mentions(with([](auto& d) { d.tokens[3] = ""; }), "token 3"));
  CHECK(mentions(with([](auto& d) { d.tokens[3] = "数"; }), "byte-to-character"));
  CHECK(mentions(with([](auto& d) { d.merges.push_back({"a", "x"}); }), "merge 5 needs 'x'"));
  CHECK(mentions(with([](auto& d) { d.merges.push_back({"a", "d"}); }), "needs 'ad'"));
  CHECK(mentions(with([](auto& d) { d.eos = 12; }), "eos"));
  CHECK(mentions(with([](auto& d) { d.bos = -1; }), "bos"));
  CHECK(mentions(with([](auto& d) {
    d.splitting.words = false;
    d.splitting_name = "llama-bpe";
  }), "'llama-bpe'"));
  CHECK(mentions(with([](auto& d) {
    add(d, "<s>", llama::token_kind::control);
    add(d, "<s>", llama::token_kind::control);
  }), "'<s>' occurs twice"));
}
