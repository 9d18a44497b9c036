// SPDX-License-Identifier: Apache-2.0
#include "gguf_checkpoint.hpp"

#include <limits>
#include <string>

#include <svfmath/core/error.hpp>

#include "inventory.hpp"
#include "unicode.hpp"

namespace llama {

namespace {

using svf::error_kind;

template <class... Parts>
void expects(gguf_file const& file, bool condition, Parts const&... parts) {
  svf::expects(condition, error_kind::format, file.path(), ": ", parts...);
}

void refuse_unless(gguf_file const& file, std::string_view key, double only) {
  auto const value = file.find_real(key);
  expects(file, !value || *value == only, "key ", key, ": only ", only, " is supported, got ",
          value.value_or(only));
}

std::optional<std::int32_t> token_id(gguf_file const& file, std::string_view key) {
  auto const id = file.find_integer(key);
  if (!id) {
    return std::nullopt;
  }
  expects(file, *id >= 0 && *id <= std::numeric_limits<std::int32_t>::max(), "key ", key,
          ": expected a token id, got ", *id);
  return std::int32_t(*id);
}

std::vector<token_kind> token_kinds(gguf_file const& file, std::size_t count) {
  if (!file.contains("tokenizer.ggml.token_type")) {
    return std::vector<token_kind>(count, token_kind::normal);
  }
  std::vector<token_kind> kinds;
  for (std::int64_t const kind : file.integers("tokenizer.ggml.token_type")) {
    expects(file, kind >= 1 && kind <= 6, "tokenizer.ggml.token_type of token ", kinds.size(),
            ": expected 1 … 6, got ", kind);
    kinds.push_back(token_kind(kind));
  }
  expects(file, kinds.size() == count, "tokenizer.ggml.token_type: expected ", count,
          " entries, one per token, got ", kinds.size());
  return kinds;
}

// "left right": the first space after the first byte separates, since a token may begin with one.
std::pair<std::string, std::string> split_merge(gguf_file const& file, std::string const& merge) {
  auto const space = merge.find(' ', 1);
  expects(file, space != std::string::npos && space + 1 < merge.size(),
          "tokenizer.ggml.merges: expected two tokens with a space between, got ",
          in_quotes(merge));
  return {merge.substr(0, space), merge.substr(space + 1)};
}

}  // namespace

config gguf_config(gguf_file const& file) {
  std::string const& architecture = file.text("general.architecture");
  expects(file, architecture == "llama", "expected the architecture 'llama', got ",
          in_quotes(architecture));
  config c;
  c.layers = file.integer("llama.block_count");
  c.width = file.integer("llama.embedding_length");
  c.hidden = file.integer("llama.feed_forward_length");
  c.heads = file.integer("llama.attention.head_count");
  c.kv_heads = file.find_integer("llama.attention.head_count_kv").value_or(c.heads);
  expects(file, c.heads > 0, "llama.attention.head_count: expected a positive number, got ",
          c.heads);
  c.head_dim = file.find_integer("llama.attention.key_length").value_or(c.width / c.heads);
  c.context = file.integer("llama.context_length");
  c.rms_epsilon = float(file.real("llama.attention.layer_norm_rms_epsilon"));
  c.rope_theta = float(file.find_real("llama.rope.freq_base").value_or(1e4));
  c.rope = config::rope_style::interleaved;
  c.tied_output = file.find("output.weight") == nullptr;
  auto const vocabulary = file.find_integer("llama.vocab_size");
  c.vocabulary = vocabulary ? *vocabulary : index_t(file.texts("tokenizer.ggml.tokens").size());

  auto const rotated = file.find_integer("llama.rope.dimension_count").value_or(c.head_dim);
  expects(file, rotated == c.head_dim, "llama.rope.dimension_count: only whole heads of ",
          c.head_dim, " are supported, got ", rotated);
  auto const value_length = file.find_integer("llama.attention.value_length").value_or(c.head_dim);
  expects(file, value_length == c.head_dim, "llama.attention.value_length: only ", c.head_dim,
          " as for keys is supported, got ", value_length);
  auto const experts = file.find_integer("llama.expert_count").value_or(0);
  expects(file, experts == 0, "llama.expert_count: mixtures of experts are not supported, got ",
          experts);
  auto const* const scaling = file.find_text("llama.rope.scaling.type");
  expects(file, scaling == nullptr || *scaling == "none",
          "llama.rope.scaling.type: only 'none' is supported, got ",
          in_quotes(scaling == nullptr ? "" : *scaling));
  refuse_unless(file, "llama.rope.scale_linear", 1.0);
  return c;
}

tokenizer_data gguf_tokenizer(gguf_file const& file) {
  tokenizer_data data;
  if (!file.contains("tokenizer.ggml.model")) {
    return data;
  }
  data.model = file.text("tokenizer.ggml.model");
  auto const* const splitting = file.find_text("tokenizer.ggml.pre");
  data.splitting_name = splitting == nullptr ? "(none given)" : *splitting;
  bool const smollm = data.splitting_name == "smollm";
  bool const known = smollm || data.splitting_name == "gpt-2";
  data.splitting = {.single_numerals = smollm, .words = known, .byte_level = true};
  data.tokens = file.texts("tokenizer.ggml.tokens");
  data.kinds = token_kinds(file, data.tokens.size());
  if (file.contains("tokenizer.ggml.merges")) {
    for (std::string const& merge : file.texts("tokenizer.ggml.merges")) {
      data.merges.push_back(split_merge(file, merge));
    }
  }
  // tokenizer.ggml.unknown_token_id is not taken over: like llama.cpp, bytes without a token are
  // dropped.
  data.bos = token_id(file, "tokenizer.ggml.bos_token_id");
  data.eos = token_id(file, "tokenizer.ggml.eos_token_id");
  data.padding = token_id(file, "tokenizer.ggml.padding_token_id");
  data.add_bos = file.find_flag("tokenizer.ggml.add_bos_token").value_or(false);
  if (auto const* const chat = file.find_text("tokenizer.chat_template")) {
    data.chat_template = *chat;
  }
  return data;
}

checkpoint load_gguf(std::filesystem::path const& path) {
  gguf_file const file(path);
  checkpoint c;
  c.source = path.string();
  c.scheme = checkpoint::naming::gguf;
  c.cfg = gguf_config(file);
  validate(c.cfg, c.source);
  c.tok = gguf_tokenizer(file);
  expects(file, c.tok.tokens.size() <= std::size_t(c.cfg.vocabulary), "expected at most ",
          c.cfg.vocabulary, " tokens, got ", c.tok.tokens.size());
  std::vector<listed_tensor> listing;
  for (gguf_tensor const& tensor : file.tensors()) {
    listing.push_back({tensor.name, tensor.shape});
  }
  read_tensors(c, listing, [&](std::size_t i, std::span<float> elements) {
    file.read(file.tensors()[i], elements);
  });
  return c;
}

}  // namespace llama
