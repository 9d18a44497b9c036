// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include <fmt/format.h>

#include <svfmath/core/in_quotes.hpp>
#include <svfmath/expert/expert_file.hpp>

#include "commands.hpp"
#include "experts.hpp"
#include "output.hpp"
#include "weights_file.hpp"

namespace cli {

namespace {

struct inspect_options : common_options {
  std::string file;
  bool tensors = false;
};

bool is_expert(weights_file const& file) {
  if (file.what() != weights_file::kind::tensors) {
    return false;
  }
  auto const tensors = file.files().front().tensors();
  return !tensors.empty() &&
         std::all_of(tensors.begin(), tensors.end(), [](svf::tensor_info const& tensor) {
           return tensor.name.ends_with(".z") && tensor.shape.size() == 1;
         });
}

// What z does: how far from 1 it is, in every site and in all.
json describe_expert(std::string const& path, svf::safetensors_file const& file) {
  auto const metadata = svf::read_expert_metadata(path);
  std::uint64_t components = 0;
  double squares = 0.0;
  double smallest = HUGE_VAL;
  double largest = -HUGE_VAL;
  for (svf::tensor_info const& tensor : file.tensors()) {
    for (float const z : file.read_vector(tensor.name)) {
      svf::expects(std::isfinite(z), svf::error_kind::numeric, path, ": tensor '", tensor.name,
                   "': expected finite values, got ", z);
      squares += (double(z) - 1.0) * (double(z) - 1.0);
      smallest = std::min(smallest, double(z));
      largest = std::max(largest, double(z));
      ++components;
    }
  }
  json result = {{"kind", "expert"},
                 {"name", metadata.name},
                 {"sites", file.tensors().size()},
                 {"components", components},
                 {"base_fingerprint", metadata.base ? json(metadata.base->hex()) : json(nullptr)},
                 {"parameterisation", std::string(to_string(metadata.parameterisation))},
                 {"normalisation", std::string(to_string(metadata.normalisation))},
                 {"distance_from_base", std::sqrt(squares)}};
  if (components > 0) {
    result["smallest_z"] = smallest;
    result["largest_z"] = largest;
  }
  for (auto const& [key, value] : metadata.training) {
    result["training"][key] = value;
  }
  return result;
}

json describe_model(llama::cpu_policy& exec, weights_file& file) {
  auto const& c = file.values().cfg;
  auto const names = file.factorable();
  auto const sites = file.sites(exec, names);
  return {{"kind", file.format()},
          {"layers", c.layers},
          {"width", c.width},
          {"hidden", c.hidden},
          {"heads", c.heads},
          {"kv_heads", c.kv_heads},
          {"head_dim", c.head_dim},
          {"vocabulary", c.vocabulary},
          {"context", c.context},
          {"parameters", llama::parameter_count(c)},
          {"tokenizer", !file.values().tok.tokens.empty()},
          {"matrices", names.size()},
          {"components", sites.layout->size()},
          {"base_fingerprint", sites.layout->base_fingerprint().hex()}};
}

json describe_tensors(llama::cpu_policy& exec, weights_file const& file) {
  file.check_values(exec);
  std::uint64_t elements = 0;
  for (svf::tensor_info const& tensor : file.files().front().tensors()) {
    elements += tensor.elements();
  }
  json result = {{"kind", file.format()},
                 {"tensors", file.files().front().tensors().size()},
                 {"elements", elements},
                 {"matrices", file.factorable().size()}};
  for (auto const& [key, value] : file.files().front().metadata()) {
    result["metadata"][key] = value;
  }
  return result;
}

void run(inspect_options const& options) {
  llama::cpu_policy exec(options.threads);
  weights_file file(options.file);
  json result = {{"file", options.file}};
  result.update(is_expert(file) ? describe_expert(options.file, file.files().front())
                : file.what() == weights_file::kind::tensors ? describe_tensors(exec, file)
                                                             : describe_model(exec, file));
  auto const tensors = file.stored();
  if (options.as_json) {
    result["tensor_list"] = json::array();
    for (auto const& tensor : tensors) {
      result["tensor_list"].push_back(
          {{"name", tensor.name}, {"type", tensor.type}, {"shape", tensor.shape}});
    }
    print_json(result);
    return;
  }
  for (auto const& [key, value] : result.items()) {
    bool const from_file = key == "name";
    auto const text = !value.is_string() ? to_text(value)
                      : from_file        ? svf::in_quotes(value.get<std::string>())
                                         : value.get<std::string>();
    fmt::print("{:<19} {}\n", key, text);
  }
  bool const few = tensors.size() <= 20 && file.what() == weights_file::kind::tensors;
  if (options.tensors || few) {
    for (auto const& tensor : tensors) {
      fmt::print("  {:<12} {:<16} {}\n", tensor.type, svf::shape_text(tensor.shape),
                 svf::in_quotes(tensor.name));
    }
  }
}

}  // namespace

void add_inspect(CLI::App& tool) {
  auto const options = std::make_shared<inspect_options>();
  auto& command = *tool.add_subcommand("inspect", "Say what a file is and what it holds");
  command.add_option("file", options->file, "Model, expert or other safetensors file")
      ->required()
      ->type_name("FILE");
  command.add_flag("--tensors", options->tensors, "List all tensors (always done with --json)");
  add_common(
      command, *options,
      "Knows models (GGUF, Hugging Face), expert files and any other safetensors file, and\n"
      "checks them as thoroughly as the commands that use them: weights and matrices that are\n"
      "NaN or infinite are refused.",
      "  svfmath inspect model.gguf\n  svfmath inspect skill.safetensors");
  command.callback([options] { run(*options); });
}

}  // namespace cli
