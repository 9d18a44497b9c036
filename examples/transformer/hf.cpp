// SPDX-License-Identifier: Apache-2.0
#include "hf.hpp"

#include <algorithm>
#include <limits>
#include <set>
#include <utility>

#include <svfmath/core/error.hpp>
#include <svfmath/io/atomic_file.hpp>
#include <svfmath/io/mapped_file.hpp>
#include <svfmath/io/safetensors.hpp>
#include <svfmath/io/safetensors_writer.hpp>

#include "inventory.hpp"
#include "json_fields.hpp"
#include "unicode.hpp"

namespace llama {

namespace {

using nlohmann::json;
using svf::error_kind;

constexpr std::string_view ignored_tensor = "rotary_emb.inv_freq";

std::string_view text_of(svf::mapped_file const& file) {
  return {reinterpret_cast<char const*>(file.bytes().data()), file.size()};
}

std::optional<std::int32_t> token_id(json_fields const& fields, std::string_view name,
                                     std::string const& source) {
  json const* value = fields.find(name);
  if (value != nullptr && value->is_array() && !value->empty()) {
    value = &value->front();  // several ways to end: the first is the one to write
  }
  if (value == nullptr || value->is_array()) {
    return std::nullopt;
  }
  bool const fits = value->is_number_integer() && *value >= 0 &&
                    *value <= std::numeric_limits<std::int32_t>::max();
  svf::expects(fits, error_kind::format, source, ": field '", name, "': expected a token id");
  return value->get<std::int32_t>();
}

tokenizer_data read_tokenizer(std::filesystem::path const& folder, std::string_view config_text,
                              std::string const& config_source) {
  auto const path = folder / "tokenizer.json";
  if (!std::filesystem::exists(path)) {
    return {};
  }
  svf::mapped_file const file(path);
  tokenizer_data data = parse_hf_tokenizer(text_of(file), path.string());
  json const document = parse_json(config_text, config_source);
  json_fields const fields(document, config_source);
  if (!data.add_bos) {  // else tokenizer.json has named it
    data.bos = token_id(fields, "bos_token_id", config_source);
  }
  data.eos = token_id(fields, "eos_token_id", config_source);
  data.padding = token_id(fields, "pad_token_id", config_source);
  auto const extra = folder / "tokenizer_config.json";
  if (std::filesystem::exists(extra)) {
    svf::mapped_file const extra_file(extra);
    std::string const source = extra.string();
    json const extra_document = parse_json(text_of(extra_file), source);
    json_fields const extra_fields(extra_document, source);
    json const* const chat = extra_fields.find("chat_template");
    data.chat_template = chat != nullptr && chat->is_string() ? chat->get<std::string>() : "";
    data.add_bos = extra_fields.find_flag("add_bos_token").value_or(data.add_bos);
  }
  auto const jinja = folder / "chat_template.jinja";
  if (std::filesystem::exists(jinja)) {
    data.chat_template = text_of(svf::mapped_file(jinja));
  }
  return data;
}

}  // namespace

std::vector<std::filesystem::path> weight_files(std::filesystem::path const& path) {
  if (std::filesystem::is_regular_file(path)) {
    return {path};
  }
  auto const index = path / "model.safetensors.index.json";
  if (std::filesystem::exists(path / "model.safetensors") || !std::filesystem::exists(index)) {
    return {path / "model.safetensors"};
  }
  svf::mapped_file const file(index);
  std::string const source = index.string();
  json const document = parse_json(text_of(file), source);
  std::set<std::string> names;
  for (auto const& [tensor, shard] : json_fields(document, source).object("weight_map").items()) {
    auto const name = shard.is_string() ? shard.get<std::string>() : "";
    // Only files of this folder, so that an index cannot point elsewhere.
    bool const plain = !name.empty() && std::filesystem::path(name).filename() == name;
    svf::expects(plain, error_kind::format, source, ": weight_map of ", in_quotes(tensor),
                 ": expected the name of a file in the same folder, got ", in_quotes(name));
    names.insert(name);
  }
  svf::expects(!names.empty(), error_kind::format, source, ": weight_map is empty");
  std::vector<std::filesystem::path> files;
  for (std::string const& name : names) {
    files.push_back(path / name);
  }
  return files;
}

checkpoint load_hf(std::filesystem::path const& path) {
  bool const folder_given = std::filesystem::is_directory(path);
  auto const folder = folder_given ? path : path.parent_path();
  auto const config_path = folder / "config.json";
  checkpoint c;
  c.source = path.string();
  std::vector<svf::safetensors_file> files;
  for (auto const& file : weight_files(path)) {
    files.emplace_back(file);
  }
  svf::mapped_file const config_file(config_path);
  c.cfg = parse_hf_config(text_of(config_file), config_path.string());
  validate(c.cfg, config_path.string());
  c.tok = read_tokenizer(folder, text_of(config_file), config_path.string());
  svf::expects(c.tok.tokens.size() <= std::size_t(c.cfg.vocabulary), error_kind::format, c.source,
               ": expected at most vocab_size = ", c.cfg.vocabulary, " tokens, got ",
               c.tok.tokens.size());

  struct place {
    svf::safetensors_file const* file;
    svf::tensor_info const* info;
  };
  std::vector<place> places;
  std::vector<listed_tensor> listing;
  for (auto const& file : files) {
    for (auto const& info : file.tensors()) {
      bool const tied_copy = c.cfg.tied_output && info.name == "lm_head.weight";
      if (!info.name.ends_with(ignored_tensor) && !tied_copy) {
        places.push_back({&file, &info});
        listing.push_back({info.name, info.shape});
      }
    }
  }
  c.scheme = naming_of(listing);
  read_tensors(c, listing, [&](std::size_t i, std::span<float> elements) {
    places[i].file->read(*places[i].info, elements);
  });
  return c;
}

void write_model_folder(std::filesystem::path const& folder,
                        svf::safetensors_writer const& weights,
                        std::span<side_file const> others) {
  std::error_code problem;
  std::filesystem::create_directories(folder, problem);
  svf::expects(!problem, error_kind::backend, "cannot make the folder '", folder,
               "': ", problem.message());
  weights.write(folder / "model.safetensors");
  for (side_file const& file : others) {
    svf::write_atomically(folder / file.name, file.content);
  }
}

void save_hf(checkpoint const& c, std::filesystem::path const& folder) {
  validate(c);
  // All texts before the first file, so that a vocabulary that cannot be written changes nothing.
  std::vector<side_file> others{{"config.json", to_hf_config(c.cfg, c.tok)}};
  if (!c.tok.tokens.empty()) {
    json const extra = {{"add_bos_token", c.tok.add_bos},
                        {"chat_template", replace_invalid_utf8(c.tok.chat_template)}};
    others.push_back({"tokenizer.json", to_hf_tokenizer(c.tok)});
    others.push_back({"tokenizer_config.json", extra.dump(2) + "\n"});
  }
  svf::safetensors_writer writer;
  for (auto const& [name, tensor] : c.tensors) {
    auto const rows = std::uint64_t(tensor.values.rows());
    auto const cols = std::uint64_t(tensor.values.cols());
    std::vector<std::uint64_t> shape = {rows, cols};
    if (tensor.dimensions == 1) {
      shape = {cols};
    }
    writer.add(name, std::move(shape),
               std::span<float const>(tensor.values.data(), std::size_t(tensor.values.size())));
  }
  write_model_folder(folder, writer, others);
}

}  // namespace llama
