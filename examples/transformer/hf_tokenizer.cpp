// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <utility>

#include <svfmath/core/error.hpp>

#include "hf.hpp"
#include "json_fields.hpp"
#include "unicode.hpp"

namespace llama {

namespace {

using nlohmann::json;
using svf::error_kind;

constexpr std::int64_t most_tokens = std::int64_t{1} << 24;
constexpr int deepest_sequence = 8;  // real files have one Sequence

void place_token(tokenizer_data& data, std::string const& source, std::string const& token,
                 std::int64_t id, token_kind kind) {
  require(source, id >= 0 && id < most_tokens, "token ", in_quotes(token),
          ": expected an id below ", most_tokens, ", got ", id);
  auto const at = std::size_t(id);
  if (at >= data.tokens.size()) {
    data.tokens.resize(at + 1);
    data.kinds.resize(at + 1, token_kind::unused);
  }
  require(source, data.kinds[at] == token_kind::unused || data.tokens[at] == token, "id ", id,
          " stands for both ", in_quotes(data.tokens[at]), " and ", in_quotes(token));
  data.tokens[at] = token;
  data.kinds[at] = kind;
}

void read_vocabulary(tokenizer_data& data, json_fields const& model, std::string const& source) {
  for (auto const& [token, id] : model.object("vocab").items()) {
    require(source, id.is_number_integer(), "token ", in_quotes(token),
            ": expected a whole number as its id, got ", id.type_name());
    place_token(data, source, token, id.get<std::int64_t>(), token_kind::normal);
  }
}

std::pair<std::string, std::string> read_merge(json const& merge, std::string const& source) {
  if (merge.is_array() && merge.size() == 2 && merge[0].is_string() && merge[1].is_string()) {
    return {merge[0].get<std::string>(), merge[1].get<std::string>()};
  }
  require(source, merge.is_string(), "field 'merges': expected \"left right\" or [left, right]");
  auto const text = merge.get<std::string>();
  auto const space = text.find(' ', 1);
  require(source, space != std::string::npos && space + 1 < text.size(),
          "field 'merges': expected two tokens with a space between, got ", in_quotes(text));
  return {text.substr(0, space), text.substr(space + 1)};
}

void read_added_token(tokenizer_data& data, json const& entry, std::string const& source) {
  json_fields const fields(entry, source);
  auto const content = fields.find_text("content").value_or("");
  require(source, !content.empty(), "field 'added_tokens': a token without content");
  for (std::string_view const flag : {"lstrip", "rstrip", "single_word"}) {
    require(source, !fields.find_flag(flag).value_or(false), "added token ", in_quotes(content),
            ": '", flag, "' is not supported");
  }
  bool const special = fields.find_flag("special").value_or(false);
  place_token(data, source, content, fields.integer("id"),
              special ? token_kind::control : token_kind::user_defined);
}

void read_unknown(tokenizer_data& data, json_fields const& model, std::string const& source) {
  auto const token = model.find_text("unk_token");
  if (!token) {
    return;
  }
  json const& vocabulary = model.object("vocab");
  auto const found = vocabulary.find(*token);
  require(source, found != vocabulary.end(), "field 'unk_token': ", in_quotes(*token),
          " is not a token");
  data.unknown = found->get<std::int32_t>();
  auto& kind = data.kinds[std::size_t(*data.unknown)];
  kind = kind == token_kind::normal ? token_kind::unknown : kind;
}

void check_depth(int depth, std::string_view what, std::string const& source) {
  require(source, depth <= deepest_sequence, what, ": expected at most ", deepest_sequence,
          " Sequences within each other, got more");
}

void read_splitting(word_splitting& splitting, json const& node, std::string const& source,
                    int depth = 0) {
  json_fields const fields(node, source);
  auto const type = fields.find_text("type").value_or("");
  if (type == "Sequence") {
    check_depth(depth + 1, "pre_tokenizer", source);
    for (json const& part : fields.array("pretokenizers")) {
      read_splitting(splitting, part, source, depth + 1);
    }
  } else if (type == "ByteLevel") {
    require(source, !fields.find_flag("add_prefix_space").value_or(true),
            "pre_tokenizer ByteLevel: 'add_prefix_space' is not supported");
    splitting.byte_level = true;
    splitting.words = fields.find_flag("use_regex").value_or(true);
  } else if (type == "Digits") {
    require(source, fields.find_flag("individual_digits").value_or(false) && !splitting.byte_level,
            "pre_tokenizer Digits: expected 'individual_digits', before ByteLevel");
    splitting.single_numerals = true;
  } else if (type == "Split") {
    json_fields const pattern(fields.object("pattern"), source);
    auto const expression = pattern.find_text("Regex").value_or("");
    require(source,
            expression == "\\p{N}" && fields.find_text("behavior").value_or("") == "Isolated" &&
                !fields.find_flag("invert").value_or(false) && !splitting.byte_level,
            "pre_tokenizer Split: only \\p{N}, isolated, before ByteLevel is supported, got ",
            in_quotes(expression));
    splitting.single_numerals = true;
  } else {
    require(source, false, "pre_tokenizer: expected ByteLevel, Digits, Split or a Sequence, got ",
            in_quotes(type));
  }
}

// What a TemplateProcessing puts around one text: nothing, or one token in front.
void read_template(tokenizer_data& data, json_fields const& fields, std::string const& source) {
  json const& pieces = fields.array("single");
  bool const token_first = pieces.size() == 2 && pieces[0].is_object() &&
                           pieces[0].contains("SpecialToken");
  bool const text_last =
      !pieces.empty() && pieces.back().is_object() && pieces.back().contains("Sequence");
  require(source, text_last && (token_first || pieces.size() == 1),
          "post_processor TemplateProcessing: expected the text alone or after one token, got ",
          pieces.size(), " pieces of another kind or order");
  if (!token_first) {
    return;
  }
  json_fields const token(json_fields(pieces[0], source).object("SpecialToken"), source);
  auto const name = token.find_text("id").value_or("");
  auto const found = std::find(data.tokens.begin(), data.tokens.end(), name);
  require(source, !name.empty() && found != data.tokens.end(),
          "post_processor TemplateProcessing: ", in_quotes(name), " is not a token");
  data.bos = std::int32_t(found - data.tokens.begin());
  data.add_bos = true;
}

void read_post_processor(tokenizer_data& data, json const& node, std::string const& source,
                         int depth = 0) {
  json_fields const fields(node, source);
  auto const type = fields.find_text("type").value_or("");
  if (type == "Sequence") {
    check_depth(depth + 1, "post_processor", source);
    for (json const& part : fields.array("processors")) {
      read_post_processor(data, part, source, depth + 1);
    }
  } else if (type == "TemplateProcessing") {
    read_template(data, fields, source);
  } else {
    // ByteLevel moves offsets alone, never ids.
    require(source, type == "ByteLevel",
            "post_processor: expected ByteLevel, TemplateProcessing or a Sequence, got ",
            in_quotes(type));
  }
}

// The inverse of `read_template`.
json template_for(tokenizer_data const& data) {
  if (!data.add_bos || !data.bos) {
    return nullptr;
  }
  std::string const& name = data.tokens.at(std::size_t(*data.bos));
  auto const piece = [](char const* kind, std::string const& id, int type) {
    return json{{kind, {{"id", id}, {"type_id", type}}}};
  };
  json single = json::array({piece("SpecialToken", name, 0), piece("Sequence", "A", 0)});
  json pair = single;
  pair.push_back(piece("SpecialToken", name, 1));
  pair.push_back(piece("Sequence", "B", 1));
  json const token = {{"id", name}, {"ids", {*data.bos}}, {"tokens", {name}}};
  return {{"type", "TemplateProcessing"},
          {"single", std::move(single)},
          {"pair", std::move(pair)},
          {"special_tokens", {{name, token}}}};
}

void check_model(json_fields const& model, std::string const& source) {
  auto const type = model.find_text("type").value_or("BPE");
  require(source, type == "BPE", "field 'model.type': expected 'BPE', got ", in_quotes(type));
  for (std::string_view const affix : {"continuing_subword_prefix", "end_of_word_suffix"}) {
    require(source, model.find_text(affix).value_or("").empty(), "field 'model.", affix,
            "' is not supported");
  }
  require(source, !model.find_flag("byte_fallback").value_or(false),
          "field 'model.byte_fallback' is not supported");
}

}  // namespace

tokenizer_data parse_hf_tokenizer(std::string_view text, std::string const& source) {
  json const document = parse_json(text, source);
  json_fields const fields(document, source);
  json_fields const model(fields.object("model"), source);
  check_model(model, source);
  require(source, !fields.contains("normalizer"), "field 'normalizer' is not supported");

  tokenizer_data data;
  data.model = "gpt2";
  read_vocabulary(data, model, source);
  if (model.contains("merges")) {
    for (json const& merge : model.array("merges")) {
      data.merges.push_back(read_merge(merge, source));
    }
  }
  if (fields.contains("added_tokens")) {
    for (json const& entry : fields.array("added_tokens")) {
      read_added_token(data, entry, source);
    }
  }
  if (fields.contains("pre_tokenizer")) {
    read_splitting(data.splitting, fields.object("pre_tokenizer"), source);
  }
  if (fields.contains("post_processor")) {
    read_post_processor(data, fields.object("post_processor"), source);
  }
  read_unknown(data, model, source);
  data.fuse_unknown = model.find_flag("fuse_unk").value_or(false);
  data.whole_words_first = model.find_flag("ignore_merges").value_or(false);
  return data;
}

std::string to_hf_tokenizer(tokenizer_data const& data) {
  json vocabulary = json::object();
  json added = json::array();
  for (std::size_t id = 0; id < data.tokens.size(); ++id) {
    token_kind const kind = data.kinds[id];
    if (kind == token_kind::unused) {
      continue;
    }
    svf::expects(is_utf8(data.tokens[id]), error_kind::format, "to_hf_tokenizer: token ", id,
                 " is not UTF-8, which JSON cannot hold");
    vocabulary[data.tokens[id]] = id;
    if (kind == token_kind::control || kind == token_kind::user_defined) {
      added.push_back({{"id", id},
                       {"content", data.tokens[id]},
                       {"single_word", false},
                       {"lstrip", false},
                       {"rstrip", false},
                       {"normalized", false},
                       {"special", kind == token_kind::control}});
    }
  }
  json merges = json::array();
  for (auto const& merge : data.merges) {
    merges.push_back({merge.first, merge.second});
  }
  json const byte_level = {{"type", "ByteLevel"},
                           {"add_prefix_space", false},
                           {"trim_offsets", true},
                           {"use_regex", data.splitting.words}};
  json parts = json::array();
  if (data.splitting.single_numerals) {
    parts.push_back({{"type", "Digits"}, {"individual_digits", true}});
  }
  if (data.splitting.byte_level) {
    parts.push_back(byte_level);
  }
  json const unknown = data.unknown ? json(data.tokens[std::size_t(*data.unknown)]) : json(nullptr);
  json const splitting =
      parts.empty() ? json(nullptr) : json{{"type", "Sequence"}, {"pretokenizers", parts}};
  json const decoder = data.splitting.byte_level ? byte_level : json(nullptr);
  json const document = {
      {"version", "1.0"},          {"truncation", nullptr},
      {"padding", nullptr},        {"added_tokens", added},
      {"normalizer", nullptr},     {"pre_tokenizer", splitting},
      {"post_processor", template_for(data)},
      {"decoder", decoder},
      {"model",
       {{"type", "BPE"},
        {"dropout", nullptr},
        {"unk_token", unknown},
        {"continuing_subword_prefix", nullptr},
        {"end_of_word_suffix", nullptr},
        {"fuse_unk", data.fuse_unknown},
        {"byte_fallback", false},
        {"ignore_merges", data.whole_words_first},
        {"vocab", vocabulary},
        {"merges", merges}}},
  };
  return document.dump(1) + "\n";
}

}  // namespace llama
