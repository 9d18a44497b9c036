// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <string>
#include <string_view>

#include <svfmath/core/matrix.hpp>

#include "config.hpp"
#include "tokenizer_data.hpp"

namespace llama {

/// A weight: [out, in], row-major, or a vector of length `in` kept as one row.
struct tensor {
  svf::matrix<float> values;
  int dimensions = 2;  ///< 1 or 2
};

/// The names under which a file keeps the tensors of one layer.
struct layer_names {
  std::string attn_norm, q, k, v, o, ffn_norm, gate, up, down;
};

/// A whole model in float32, under the tensor names of the file it came from.
struct checkpoint {
  enum class naming { hugging_face, gguf };

  config cfg;
  std::string source;  ///< the file or folder it was read from
  naming scheme = naming::hugging_face;
  std::map<std::string, tensor, std::less<>> tensors;
  tokenizer_data tok;

  layer_names names(index_t layer) const;
  std::string embedding() const;    ///< [vocabulary, width]
  std::string output_norm() const;  ///< [width]
  std::string output() const;       ///< [vocabulary, width]; the embedding's name where tied

  /// Throws `svf::error` (format) that names the tensor where there is none.
  tensor const& at(std::string_view name) const;
  svf::matrix<float> const& matrix(std::string_view name) const { return at(name).values; }
};

/// Whether the file begins as GGUF files do; false if it cannot be read.
bool begins_like_gguf(std::filesystem::path const& path);

/// Reads a model: a GGUF file of architecture `llama`, a Hugging Face folder (config.json,
/// model.safetensors or model.safetensors.index.json with its shards, tokenizer.json if there is
/// one) or a single .safetensors file beside its config.json. Which it is follows from the content.
/// Throws `svf::error` that names the file and, where one is to blame, the field or tensor:
/// unreadable or malformed files, other architectures, tensors missing, left over or of a wrong
/// shape, NaN or Inf weights.
checkpoint load_checkpoint(std::filesystem::path const& path);

/// Throws as `load_checkpoint` does unless the configuration is valid, exactly the tensors that it
/// asks for are there with their shapes, and all their values are finite.
void validate(checkpoint const& c);

}  // namespace llama
