// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <svfmath/io/safetensors_writer.hpp>

#include "checkpoint.hpp"

namespace llama {

/// The configuration in the text of a config.json of LlamaForCausalLM. `source` names the file in
/// messages. Throws `svf::error` (format) for anything that is not JSON, for missing fields or
/// fields of a wrong type (by name), for another architecture and for what this transformer does
/// not compute: scaled rotary embeddings, biases, an activation other than silu.
/// A field "rope_style": "interleaved" (not of Hugging Face) marks weights in GGUF's row order.
config parse_hf_config(std::string_view json, std::string const& source);

/// The inverse: a config.json that `parse_hf_config` and other tools read, with the special ids of
/// the vocabulary.
std::string to_hf_config(config const& c, tokenizer_data const& tok = {});

/// The tokenizer in the text of a tokenizer.json: a BPE model with its merges ("a b" or ["a","b"]),
/// added tokens, the pre-tokenizers ByteLevel, Digits (individual) and Split on \p{N}, alone or
/// in sequence, and post-processors that add nothing or one token in front (which is then `bos`).
/// Throws `svf::error` (format) by name for whatever else would change the ids, and for Sequences
/// nested more than 8 deep.
tokenizer_data parse_hf_tokenizer(std::string_view json, std::string const& source);

/// The inverse: a tokenizer.json from which the same ids follow, here and in Hugging Face's library
/// (which drops bytes without a token before merging rather than after).
std::string to_hf_tokenizer(tokenizer_data const& data);

/// The files that hold the weights of a Hugging Face folder: model.safetensors or, where there is
/// only model.safetensors.index.json, the shards it names. A file stands for itself. Throws
/// `svf::error` (format) for a malformed index or one that names files elsewhere.
std::vector<std::filesystem::path> weight_files(std::filesystem::path const& path);

/// A file of a model's folder beside its weights.
struct side_file {
  std::string name;
  std::string content;
};
/// Writes `weights` as model.safetensors and then `others` into `folder`, which is made if need be.
/// Each file appears whole or not at all. The weights come first: as long as the disk has no room
/// for them, a model that was in the folder stays complete. Throws `svf::error` (backend) if the
/// system refuses.
void write_model_folder(std::filesystem::path const& folder,
                        svf::safetensors_writer const& weights, std::span<side_file const> others);

/// What may lie beside the weights of a Hugging Face folder and belongs to the model.
inline constexpr std::array<char const*, 6> side_file_names{
    "config.json",           "generation_config.json",  "tokenizer.json",
    "tokenizer_config.json", "special_tokens_map.json", "chat_template.jinja"};

/// Reads a Hugging Face folder, or a .safetensors file beside its config.json and tokenizer.json.
/// See `load_checkpoint`; nothing is validated here but what is read.
checkpoint load_hf(std::filesystem::path const& path);

/// Writes model.safetensors (float32, the checkpoint's own tensor names), config.json and, where
/// there is a vocabulary, tokenizer.json and tokenizer_config.json as `write_model_folder` does.
/// `load_hf` gives back an equal checkpoint. Throws `svf::error`: as `validate`, and (backend) if
/// the system refuses to write.
void save_hf(checkpoint const& c, std::filesystem::path const& folder);

}  // namespace llama
