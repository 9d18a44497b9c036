// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <optional>
#include <utility>

#include <svfmath/core/error.hpp>

#include "hf.hpp"
#include "json_fields.hpp"
#include "unicode.hpp"

namespace llama {

namespace {

using nlohmann::json;
using svf::error_kind;

void check_architecture(json_fields const& fields, std::string const& source) {
  if (auto const type = fields.find_text("model_type")) {
    require(source, *type == "llama", "field 'model_type': expected 'llama', got ",
            in_quotes(*type));
    return;
  }
  json const& names = fields.array("architectures");
  require(source, std::find(names.begin(), names.end(), "LlamaForCausalLM") != names.end(),
          "field 'architectures': expected 'LlamaForCausalLM'");
}

void refuse(json_fields const& fields, std::string const& source, std::string_view flag) {
  require(source, !fields.find_flag(flag).value_or(false), "field '", flag,
          "': biases are not supported");
}

// The theta within "rope_parameters" or "rope_scaling", if any, where the type must be the plain
// one.
std::optional<double> plain_rope(json_fields const& fields, std::string const& source,
                                 std::string_view name) {
  if (!fields.contains(name)) {
    return std::nullopt;
  }
  json_fields const rope(fields.object(name), source);
  auto type = rope.find_text("rope_type");
  if (!type) {
    type = rope.find_text("type");
  }
  require(source, !type || *type == "default", "field '", name,
          "': only the type 'default' is supported, got ", in_quotes(type.value_or("")));
  return rope.find_real("rope_theta");
}

config::rope_style rope_style(json_fields const& fields, std::string const& source) {
  auto const name = fields.find_text("rope_style").value_or("half_split");
  require(source, name == "half_split" || name == "interleaved",
          "field 'rope_style': expected 'half_split' or 'interleaved', got ", in_quotes(name));
  return name == "half_split" ? config::rope_style::half_split : config::rope_style::interleaved;
}

}  // namespace

config parse_hf_config(std::string_view text, std::string const& source) {
  json const document = parse_json(text, source);
  json_fields const fields(document, source);
  check_architecture(fields, source);
  refuse(fields, source, "attention_bias");
  refuse(fields, source, "mlp_bias");
  auto const activation = fields.find_text("hidden_act").value_or("silu");
  require(source, activation == "silu", "field 'hidden_act': expected 'silu', got ",
          in_quotes(activation));
  config c;
  c.layers = fields.integer("num_hidden_layers");
  c.width = fields.integer("hidden_size");
  c.hidden = fields.integer("intermediate_size");
  c.heads = fields.integer("num_attention_heads");
  require(source, c.heads > 0, "field 'num_attention_heads': expected a positive number, got ",
          c.heads);
  c.kv_heads = fields.find_integer("num_key_value_heads").value_or(c.heads);
  require(source, fields.contains("head_dim") || c.width % c.heads == 0,
          "field 'hidden_size': expected a multiple of num_attention_heads = ", c.heads, ", got ",
          c.width);
  c.head_dim = fields.find_integer("head_dim").value_or(c.width / c.heads);
  c.vocabulary = fields.integer("vocab_size");
  c.context = fields.find_integer("max_position_embeddings").value_or(2048);
  c.rms_epsilon = float(fields.find_real("rms_norm_eps").value_or(1e-6));
  auto const scaled = plain_rope(fields, source, "rope_scaling");
  auto const inner = plain_rope(fields, source, "rope_parameters");
  double const outer = fields.find_real("rope_theta").value_or(scaled.value_or(1e4));
  c.rope_theta = float(inner.value_or(outer));
  c.rope = rope_style(fields, source);
  c.tied_output = fields.find_flag("tie_word_embeddings").value_or(false);
  return c;
}

std::string to_hf_config(config const& c, tokenizer_data const& tok) {
  nlohmann::ordered_json document = {
      {"architectures", {"LlamaForCausalLM"}},
      {"model_type", "llama"},
      {"num_hidden_layers", c.layers},
      {"hidden_size", c.width},
      {"intermediate_size", c.hidden},
      {"num_attention_heads", c.heads},
      {"num_key_value_heads", c.kv_heads},
      {"head_dim", c.head_dim},
      {"vocab_size", c.vocabulary},
      {"max_position_embeddings", c.context},
      {"hidden_act", "silu"},
      {"rms_norm_eps", c.rms_epsilon},
      {"rope_theta", c.rope_theta},
      {"tie_word_embeddings", c.tied_output},
      {"attention_bias", false},
      {"mlp_bias", false},
      {"torch_dtype", "float32"},
  };
  if (c.rope == config::rope_style::interleaved) {
    document["rope_style"] = "interleaved";
  }
  for (auto const& [name, id] : {std::pair("bos_token_id", tok.bos), {"eos_token_id", tok.eos},
                                 {"pad_token_id", tok.padding}}) {
    document[name] = id ? nlohmann::ordered_json(*id) : nlohmann::ordered_json(nullptr);
  }
  return document.dump(2) + "\n";
}

}  // namespace llama
