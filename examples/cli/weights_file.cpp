// SPDX-License-Identifier: Apache-2.0
#include "weights_file.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <memory>
#include <utility>

#include <fmt/format.h>

#include <svfmath/factor/fingerprint.hpp>

#include <transformer/gguf.hpp>
#include <transformer/hf.hpp>

#include "output.hpp"

namespace cli {

namespace {

using svf::error_kind;
using svf::index_t;

bool is_llama_part(svf::safetensors_file const& file) {
  bool const named = std::any_of(
      file.tensors().begin(), file.tensors().end(), [](svf::tensor_info const& tensor) {
        return tensor.name == "model.layers.0.self_attn.q_proj.weight" ||
               tensor.name == "blk.0.attn_q.weight";
      });
  return named && std::filesystem::exists(file.path().parent_path() / "config.json");
}

bool is_matrix(svf::tensor_info const& tensor) {
  return tensor.shape.size() == 2 && svf::is_readable_as_float(tensor.type);
}

}  // namespace

weights_file::weights_file(std::filesystem::path const& path) : path_(path) {
  if (std::filesystem::is_directory(path)) {
    kind_ = kind::hugging_face;
    values_ = llama::load_checkpoint(path);
    for (auto const& file : llama::weight_files(path)) {
      files_.emplace_back(file);
    }
  } else if (llama::begins_like_gguf(path)) {
    kind_ = kind::gguf;
    values_ = llama::load_checkpoint(path);
  } else {
    files_.emplace_back(path);
    if (is_llama_part(files_.front())) {
      load_model_of_one_file();
    }
  }
}

// Another architecture with Llama's names, or one shard of a model, is a file of plain tensors.
void weights_file::load_model_of_one_file() {
  try {
    values_ = llama::load_checkpoint(path_);
    kind_ = kind::hugging_face;
  } catch (svf::error const& problem) {
    bool const is_other =
        problem.kind() == error_kind::format || problem.kind() == error_kind::shape;
    if (!is_other) {
      throw;  // NaN weights, or a system that cannot read
    }
    hint(fmt::format("taking '{}' as a file of plain tensors, since it is no Llama model: {}",
                     source(), problem.what()));
  }
}

std::string_view weights_file::format() const {
  switch (kind_) {
    case kind::gguf: return "GGUF model";
    case kind::hugging_face: return "Hugging Face model";
    case kind::tensors: break;
  }
  return "safetensors file";
}

std::vector<std::string> weights_file::factorable() const {
  std::vector<std::string> names;
  for (index_t l = 0; l < values_.cfg.layers; ++l) {
    auto const layer = values_.names(l);
    names.insert(names.end(),
                 {layer.q, layer.k, layer.v, layer.o, layer.gate, layer.up, layer.down});
  }
  return kind_ == kind::tensors ? matrices() : names;
}

std::vector<std::string> weights_file::matrices() const {
  std::vector<std::string> names;
  if (kind_ != kind::tensors) {
    names = factorable();
  }
  std::set<std::string> known(names.begin(), names.end());
  auto const add = [&](std::string const& name) {
    if (known.insert(name).second) {
      names.push_back(name);
    }
  };
  for (svf::safetensors_file const& file : files_) {
    for (svf::tensor_info const& tensor : file.tensors()) {
      if (is_matrix(tensor)) add(tensor.name);
    }
  }
  if (kind_ == kind::gguf) {
    for (auto const& [name, tensor] : values_.tensors) {
      if (tensor.dimensions == 2) add(name);
    }
  }
  return names;
}

void weights_file::read(std::string const& name, svf::matrix<float>& values) const {
  for (svf::safetensors_file const& file : files_) {
    svf::tensor_info const* const tensor = file.find(name);
    if (tensor != nullptr) {
      svf::expects(tensor->elements() > 0, error_kind::shape, file.path(), ": tensor '", name,
                   "': expected a matrix with elements, got shape ",
                   svf::shape_text(tensor->shape));
      values = file.read_matrix(name);
      for (index_t e = 0; e < values.size(); ++e) {
        svf::expects(std::isfinite(values.data()[e]), error_kind::numeric, source(), ": tensor '",
                     name, "': expected finite weights, got ", values.data()[e], " at (",
                     e / values.cols(), ", ", e % values.cols(), ")");
      }
      return;
    }
  }
  svf::fail(error_kind::format, source(), ": expected a tensor '", name, "', which is missing");
}

llama::model_sites weights_file::sites(llama::cpu_policy& exec,
                                       std::span<std::string const> names) {
  svf::expects(!names.empty(), error_kind::shape, source(),
               ": expected at least one two-dimensional tensor of F32, F16, BF16 or F64, got none");
  std::vector<std::pair<std::string const*, svf::matrix<float>*>> missing;
  for (std::string const& name : names) {
    if (auto const [place, added] = values_.tensors.try_emplace(name); added) {
      missing.emplace_back(&place->first, &place->second.values);
    }
  }
  for_each_index(exec, index_t(missing.size()), [&](index_t i) {
    read(*missing[std::size_t(i)].first, *missing[std::size_t(i)].second);
  });
  std::vector<svf::site_spec> specs(names.size());
  for_each_index(exec, index_t(names.size()), [&](index_t i) {
    std::string const& name = names[std::size_t(i)];
    auto const& w = values_.matrix(name);
    specs[std::size_t(i)] = {name, w.rows(), w.cols(), svf::fingerprint_of(w), 0};
  });
  return {std::make_shared<svf::layout const>(std::move(specs)), {}};
}

void weights_file::check_values(llama::cpu_policy& exec) const {
  auto const names = kind_ == kind::tensors ? matrices() : std::vector<std::string>();
  for_each_index(exec, index_t(names.size()), [&](index_t i) {
    svf::matrix<float> values;
    read(names[std::size_t(i)], values);
  });
}

std::vector<weights_file::stored_tensor> weights_file::stored() const {
  std::vector<stored_tensor> result;
  for (svf::safetensors_file const& part : files_) {
    for (svf::tensor_info const& tensor : part.tensors()) {
      result.push_back({tensor.name, std::string(to_string(tensor.type)), tensor.shape});
    }
  }
  if (kind_ == kind::gguf) {
    llama::gguf_file const file(path_);
    for (llama::gguf_tensor const& tensor : file.tensors()) {
      result.push_back({tensor.name, std::string(to_string(tensor.type)), tensor.shape});
    }
  }
  return result;
}

void weights_file::add_untouched(svf::safetensors_writer& out,
                                 std::set<std::string> const& replaced) const {
  for (svf::safetensors_file const& file : files_) {
    for (svf::tensor_info const& tensor : file.tensors()) {
      if (!replaced.contains(tensor.name)) {
        out.add(tensor.name, tensor.type, tensor.shape, file.bytes(tensor));
      }
    }
    for (auto const& [key, value] : file.metadata()) {
      out.set_metadata(key, value);
    }
  }
  if (kind_ != kind::gguf) {
    return;
  }
  for (auto const& [name, tensor] : values_.tensors) {
    if (!replaced.contains(name)) {
      auto const rows = std::uint64_t(tensor.values.rows());
      auto const cols = std::uint64_t(tensor.values.cols());
      auto shape = tensor.dimensions == 1 ? std::vector{cols} : std::vector{rows, cols};
      out.add(name, std::move(shape),
              std::span<float const>(tensor.values.data(), std::size_t(tensor.values.size())));
    }
  }
}

}  // namespace cli
