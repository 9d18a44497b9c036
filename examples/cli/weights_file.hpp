// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <svfmath/io/safetensors.hpp>
#include <svfmath/io/safetensors_writer.hpp>

#include <transformer/adapted_model.hpp>

namespace cli {

/// The weight matrices of a model file, whatever kind it is: a GGUF file or Hugging Face model of
/// the Llama architecture, or any other safetensors file.
class weights_file {
 public:
  enum class kind { gguf, hugging_face, tensors };

  /// Opens and checks `path`: a Llama model as a whole (see `llama::load_checkpoint`), any other
  /// safetensors file except for the values. A .safetensors file counts as a Llama model if a
  /// config.json lies beside it and both make a whole one: another architecture or a single shard
  /// is a file of tensors, and a line on stderr says why.
  explicit weights_file(std::filesystem::path const& path);

  kind what() const { return kind_; }
  std::string_view format() const;
  std::string source() const { return path_.string(); }
  /// Configuration and tokenizer of a Llama model, and the values that have been read: all of a
  /// Llama model, what `sites` was asked for of other files.
  llama::checkpoint const& values() const { return values_; }
  /// The files that the weights lie in; none for GGUF.
  std::span<svf::safetensors_file const> files() const { return files_; }

  /// What `factor` decomposes: the linear maps of a Llama model's layers, layer by layer, or every
  /// two-dimensional tensor of numbers in the order of the file.
  std::vector<std::string> factorable() const;
  /// Every matrix that an expert may name: the above, then the other two-dimensional ones.
  std::vector<std::string> matrices() const;

  /// Reads these matrices and lays them out in this order, with their fingerprints. Throws
  /// `svf::error` naming file and tensor: (shape) one without elements, (numeric) NaN or Inf.
  llama::model_sites sites(llama::cpu_policy& exec, std::span<std::string const> names);

  /// Reads all matrices of a safetensors file once and forgets them; a Llama model's have been
  /// read. Throws as `sites`.
  void check_values(llama::cpu_policy& exec) const;

  /// All tensors as the files hold them, with the types stored there ("BF16", "Q4_1").
  struct stored_tensor {
    std::string name;
    std::string type;
    std::vector<std::uint64_t> shape;
  };
  std::vector<stored_tensor> stored() const;

  /// Adds every tensor but `replaced` to a file, as it is here: the bytes and types of a
  /// safetensors file and its metadata, float32 for GGUF. Valid as long as this object.
  void add_untouched(svf::safetensors_writer& out, std::set<std::string> const& replaced) const;

 private:
  void load_model_of_one_file();
  void read(std::string const& name, svf::matrix<float>& values) const;

  std::filesystem::path path_;
  kind kind_ = kind::tensors;
  llama::checkpoint values_;
  std::vector<svf::safetensors_file> files_;
};

}  // namespace cli
