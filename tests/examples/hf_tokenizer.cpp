// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <string>

#include <nlohmann/json.hpp>

#include <svfmath/core/error.hpp>

#include <support/has.hpp>

#include "smollm2_file.hpp"
#include "transformer/gguf_checkpoint.hpp"
#include "transformer/hf.hpp"
#include "transformer/tokenizer.hpp"

namespace {

using nlohmann::json;
using id_list = std::vector<std::int32_t>;

json byte_level() {
  return {{"type", "ByteLevel"}, {"add_prefix_space", false}, {"use_regex", true}};
}

json document() {
  return {
      {"version", "1.0"},
      {"normalizer", nullptr},
      {"added_tokens",
       {{{"id", 0}, {"content", "<end>"}, {"special", true}},
        {{"id", 6}, {"content", "[x]"}, {"special", false}}}},
      {"pre_tokenizer",
       {{"type", "Sequence"},
        {"pretokenizers", {{{"type", "Digits"}, {"individual_digits", true}}, byte_level()}}}},
      {"model",
       {{"type", "BPE"},
        {"unk_token", nullptr},
        {"vocab", {{"<end>", 0}, {"a", 1}, {"b", 2}, {"Ġ", 3}, {"ab", 4}, {"Ġab", 5}}},
        {"merges", {"a b", {"Ġ", "ab"}}}}},
  };
}

llama::tokenizer read(json const& text) {
  return llama::tokenizer(llama::parse_hf_tokenizer(text.dump(), "tokenizer.json"));
}

std::string refusal(json const& text) {
  try {
    read(text);
  } catch (svf::error const& problem) {
    CHECK(problem.kind() == svf::error_kind::format);
    return problem.what();
  }
  return "";
}

template <class Change>
void refused_naming(std::string const& part, Change change) {
  json text = document();
  change(text);
  test::has(refusal(text), part);
}

}  // namespace

TEST_CASE("hf_tokenizer: merges as strings and as pairs, added tokens of both kinds") {
  llama::tokenizer const tok = read(document());
  CHECK(tok.encode("ab ab[x]<end>", true) == id_list{4, 5, 6, 0});
  CHECK(tok.kind(0) == llama::token_kind::control);
  CHECK(tok.kind(6) == llama::token_kind::user_defined);
  CHECK(tok.decode(id_list{4, 5, 6, 0}) == "ab ab[x]<end>");
}

TEST_CASE("hf_tokenizer: a vocabulary of characters and no merges") {
  json text = {{"model", {{"vocab", {{"a", 0}, {" ", 1}, {"é", 2}}}}}};
  text["model"]["merges"] = json::array();
  llama::tokenizer const tok = read(text);
  CHECK(tok.encode("a éx") == id_list{0, 1, 2});
  CHECK(tok.decode(id_list{0, 1, 2}) == "a é");
}

TEST_CASE("hf_tokenizer: a byte vocabulary and no merges, with an unknown token") {
  json text = {{"pre_tokenizer", byte_level()},
               {"model", {{"vocab", {{"a", 0}, {"Ġ", 1}, {"<unk>", 2}}}, {"unk_token", "<unk>"}}}};
  CHECK(read(text).encode("a a\nxa") == id_list{0, 1, 0, 2, 2, 0});
  text["model"]["unk_token"] = nullptr;
  CHECK(read(text).encode("a a\nxa") == id_list{0, 1, 0, 0});
}

TEST_CASE("hf_tokenizer: holes in the vocabulary stay unused") {
  json text = document();
  text["model"]["vocab"]["c"] = 9;
  llama::tokenizer const tok = read(text);
  CHECK(tok.vocabulary() == 10);
  CHECK(tok.kind(8) == llama::token_kind::unused);
  CHECK(tok.encode("c") == id_list{9});
}

TEST_CASE("hf_tokenizer: Split on numerals is the same as Digits") {
  json text = document();
  json const split = {{"type", "Split"},
                      {"pattern", {{"Regex", "\\p{N}"}}},
                      {"behavior", "Isolated"},
                      {"invert", false}};
  text["pre_tokenizer"]["pretokenizers"][0] = split;
  CHECK(read(text).data().splitting == read(document()).data().splitting);
}

TEST_CASE("hf_tokenizer: what would change the ids is refused by name") {
  CHECK(refusal(document()).empty());
  refused_naming("'model.type'", [](json& t) { t["model"]["type"] = "Unigram"; });
  refused_naming("normalizer", [](json& t) { t["normalizer"] = {{"type", "NFC"}}; });
  refused_naming("'model'", [](json& t) { t.erase("model"); });
  refused_naming("'vocab'", [](json& t) { t["model"].erase("vocab"); });
  refused_naming("token 'a'", [](json& t) { t["model"]["vocab"]["a"] = "1"; });
  refused_naming("token 'a'", [](json& t) { t["model"]["vocab"]["a"] = -1; });
  refused_naming("token 'a'", [](json& t) { t["model"]["vocab"]["a"] = 4000000000u; });
  refused_naming("id 2 stands for both", [](json& t) { t["model"]["vocab"]["a"] = 2; });
  refused_naming("merges", [](json& t) { t["model"]["merges"] = {"ab"}; });
  refused_naming("merges", [](json& t) { t["model"]["merges"] = {1}; });
  refused_naming("needs 'z'", [](json& t) { t["model"]["merges"] = {"a z"}; });
  refused_naming("unk_token", [](json& t) { t["model"]["unk_token"] = "?"; });
  refused_naming("byte_fallback", [](json& t) { t["model"]["byte_fallback"] = true; });
  refused_naming("end_of_word_suffix", [](json& t) { t["model"]["end_of_word_suffix"] = "</w>"; });
  refused_naming("lstrip", [](json& t) { t["added_tokens"][0]["lstrip"] = true; });
  refused_naming("without content", [](json& t) { t["added_tokens"][0].erase("content"); });
  refused_naming("'id'", [](json& t) { t["added_tokens"][0].erase("id"); });
  refused_naming("'Whitespace'", [](json& t) { t["pre_tokenizer"] = {{"type", "Whitespace"}}; });
  refused_naming("add_prefix_space", [](json& t) { t["pre_tokenizer"] = {{"type", "ByteLevel"}}; });
  refused_naming("Split", [](json& t) {
    t["pre_tokenizer"] = {{"type", "Split"}, {"pattern", {{"Regex", "\\w+"}}}};
  });
}

TEST_CASE("hf_tokenizer: Sequences within Sequences are read to a depth, and no deeper") {
  auto const nested = [](std::size_t depth, std::string const& field, std::string const& list,
                         std::string const& innermost) {
    std::string text;
    for (std::size_t i = 0; i < depth; ++i) {
      text += R"({"type": "Sequence", ")" + list + "\": [";
    }
    text += innermost;
    for (std::size_t i = 0; i < depth; ++i) {
      text += "]}";
    }
    json whole = document();
    whole.erase(field);
    std::string const rest = whole.dump();
    return rest.substr(0, rest.size() - 1) + ", \"" + field + "\": " + text + "}";
  };
  auto const message_of = [](std::string const& text) -> std::string {
    try {
      llama::parse_hf_tokenizer(text, "tokenizer.json");
    } catch (svf::error const& problem) {
      return problem.what();
    }
    return "";
  };
  std::string const words = byte_level().dump();
  CHECK(message_of(nested(8, "pre_tokenizer", "pretokenizers", words)).empty());
  CHECK(message_of(nested(8, "post_processor", "processors", words)).empty());
  for (std::size_t const depth : {std::size_t{9}, std::size_t{200000}}) {
    CAPTURE(depth);
    auto const splitting = message_of(nested(depth, "pre_tokenizer", "pretokenizers", words));
    CHECK(splitting.find("tokenizer.json: pre_tokenizer: expected at most 8") == 0);
    auto const after = message_of(nested(depth, "post_processor", "processors", words));
    CHECK(after.find("tokenizer.json: post_processor: expected at most 8") == 0);
  }
}

TEST_CASE("hf_tokenizer: a post-processor may put one token in front, which then comes first") {
  json text = document();
  json const words = {{"Sequence", {{"id", "A"}, {"type_id", 0}}}};
  json const end = {{"SpecialToken", {{"id", "<end>"}, {"type_id", 0}}}};
  auto const with = [&](json const& single) {
    text["post_processor"] = {
        {"type", "Sequence"},
        {"processors",
         {{{"type", "ByteLevel"}}, {{"type", "TemplateProcessing"}, {"single", single}}}}};
    return text;
  };
  CHECK(read(document()).encode_start("ab") == id_list{4});
  CHECK(read(with(json::array({words}))).encode_start("ab") == id_list{4});
  llama::tokenizer const tok = read(with(json::array({end, words})));
  CHECK(tok.encode_start("ab") == id_list{0, 4});
  CHECK(tok.encode("ab") == id_list{4});
  // It survives being written.
  auto const again = llama::parse_hf_tokenizer(llama::to_hf_tokenizer(tok.data()), "again");
  CHECK(again.add_bos);
  CHECK(again.bos == 0);

  for (json const& single : {json::array({words, end}), json::array({end, words, end}),
                             json::array({end}), json::array(), json::array({words, words})}) {
    CAPTURE(single.dump());
    CHECK(refusal(with(single)).find("TemplateProcessing") != std::string::npos);
  }
  text["post_processor"] = {{"type", "RobertaProcessing"}};
  CHECK(refusal(text).find("post_processor") != std::string::npos);
  text["post_processor"] = {{"type", "TemplateProcessing"}};
  CHECK(refusal(text).find("'single'") != std::string::npos);
  json const unknown = {{"SpecialToken", {{"id", "<s>"}, {"type_id", 0}}}};
  CHECK(refusal(with(json::array({unknown, words}))).find("'<s>'") != std::string::npos);
}

TEST_CASE("hf_tokenizer: SmolLM2's vocabulary survives as tokenizer.json") {
  auto const file = test::smollm2_file();
  if (!file) {
    return;
  }
  llama::tokenizer_data const data = llama::gguf_tokenizer(llama::gguf_file(*file));
  auto const again = llama::parse_hf_tokenizer(llama::to_hf_tokenizer(data), "tokenizer.json");
  CHECK(again.tokens == data.tokens);
  CHECK(again.kinds == data.kinds);
  CHECK(again.merges == data.merges);
  CHECK(again.splitting == data.splitting);
}
