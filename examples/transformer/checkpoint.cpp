// SPDX-License-Identifier: Apache-2.0
#include "checkpoint.hpp"

#include <algorithm>
#include <array>
#include <fstream>

#include <svfmath/core/error.hpp>

#include "gguf_checkpoint.hpp"
#include "hf.hpp"
#include "unicode.hpp"

namespace llama {

bool begins_like_gguf(std::filesystem::path const& path) {
  std::array<char, 4> magic{};
  std::ifstream(path, std::ios::binary).read(magic.data(), magic.size());
  return std::string_view(magic.data(), magic.size()) == "GGUF";
}

layer_names checkpoint::names(index_t layer) const {
  if (scheme == naming::gguf) {
    std::string const block = "blk." + std::to_string(layer) + ".";
    return {block + "attn_norm.weight", block + "attn_q.weight",      block + "attn_k.weight",
            block + "attn_v.weight",    block + "attn_output.weight", block + "ffn_norm.weight",
            block + "ffn_gate.weight",  block + "ffn_up.weight",      block + "ffn_down.weight"};
  }
  std::string const block = "model.layers." + std::to_string(layer) + ".";
  return {block + "input_layernorm.weight",
          block + "self_attn.q_proj.weight",
          block + "self_attn.k_proj.weight",
          block + "self_attn.v_proj.weight",
          block + "self_attn.o_proj.weight",
          block + "post_attention_layernorm.weight",
          block + "mlp.gate_proj.weight",
          block + "mlp.up_proj.weight",
          block + "mlp.down_proj.weight"};
}

std::string checkpoint::embedding() const {
  return scheme == naming::gguf ? "token_embd.weight" : "model.embed_tokens.weight";
}

std::string checkpoint::output_norm() const {
  return scheme == naming::gguf ? "output_norm.weight" : "model.norm.weight";
}

std::string checkpoint::output() const {
  if (cfg.tied_output) {
    return embedding();
  }
  return scheme == naming::gguf ? "output.weight" : "lm_head.weight";
}

tensor const& checkpoint::at(std::string_view name) const {
  auto const found = tensors.find(name);
  svf::expects(found != tensors.end(), svf::error_kind::format, source, ": expected a tensor ",
               in_quotes(name), ", got ", tensors.size(), " tensors without it");
  return found->second;
}

checkpoint load_checkpoint(std::filesystem::path const& path) {
  std::error_code ignored;
  auto const status = std::filesystem::status(path, ignored);
  svf::expects(std::filesystem::exists(status), svf::error_kind::format, "cannot find '", path,
               "': expected a GGUF file, a Hugging Face folder or a .safetensors file");
  bool const file = std::filesystem::is_regular_file(status);
  return file && begins_like_gguf(path) ? load_gguf(path) : load_hf(path);
}

}  // namespace llama
