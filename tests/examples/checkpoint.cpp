// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <limits>
#include <string>
#include <thread>
#include <vector>

#include <nlohmann/json.hpp>

#include <svfmath/core/error.hpp>
#include <svfmath/core/random.hpp>
#include <svfmath/io/safetensors_writer.hpp>

#include "gguf_builder.hpp"
#include "smollm2_file.hpp"
#include "support/close.hpp"
#include "support/has.hpp"
#include "support/random.hpp"
#include "support/raw_file.hpp"
#include "support/temp_directory.hpp"
#include "transformer/checkpoint.hpp"
#include "transformer/gguf_checkpoint.hpp"
#include "transformer/hf.hpp"
#include "transformer/inventory.hpp"
#include "transformer/tokenizer.hpp"

using test::has;

namespace {

using llama::index_t;
using style = llama::config::rope_style;

// A model that is small and has no two extents alike.
llama::checkpoint tiny(bool tied = false) {
  llama::checkpoint c;
  c.source = "tiny";
  c.cfg.layers = 2;
  c.cfg.width = 10;
  c.cfg.hidden = 14;
  c.cfg.heads = 4;
  c.cfg.kv_heads = 2;
  c.cfg.head_dim = 6;
  c.cfg.vocabulary = 5;
  c.cfg.context = 16;
  c.cfg.rope_theta = 100.0f;
  c.cfg.tied_output = tied;
  std::uint64_t seed = 1;
  auto const put = [&](std::string const& name, index_t rows, index_t cols, int dimensions = 2) {
    c.tensors[name] = {test::normal_matrix<float>(rows, cols, seed++), dimensions};
  };
  put(c.embedding(), 5, 10);
  put(c.output_norm(), 1, 10, 1);
  if (!tied) {
    put(c.output(), 5, 10);
  }
  for (index_t layer = 0; layer < 2; ++layer) {
    auto const names = c.names(layer);
    put(names.attn_norm, 1, 10, 1);
    put(names.q, 24, 10);
    put(names.k, 12, 10);
    put(names.v, 12, 10);
    put(names.o, 10, 24);
    put(names.ffn_norm, 1, 10, 1);
    put(names.gate, 14, 10);
    put(names.up, 14, 10);
    put(names.down, 10, 14);
  }
  c.tok.model = "gpt2";
  c.tok.splitting = {.single_numerals = true, .words = true, .byte_level = true};
  c.tok.tokens = {"<end>", "a", "b", "Ġ", "ab"};
  c.tok.kinds.assign(5, llama::token_kind::normal);
  c.tok.kinds[0] = llama::token_kind::control;
  c.tok.merges = {{"a", "b"}};
  c.tok.eos = 0;
  c.tok.chat_template = "{{ messages }}";
  return c;
}

std::string gguf_name(llama::checkpoint const& c, std::string const& name) {
  llama::checkpoint other;
  other.cfg = c.cfg;
  other.scheme = llama::checkpoint::naming::gguf;
  if (name == c.embedding()) return other.embedding();
  if (name == c.output_norm()) return other.output_norm();
  if (name == c.output()) return other.output();
  for (index_t layer = 0; layer < c.cfg.layers; ++layer) {
    auto const from = c.names(layer);
    auto const to = other.names(layer);
    std::string const* const froms[] = {&from.attn_norm, &from.q,    &from.k,  &from.v,   &from.o,
                                        &from.ffn_norm,  &from.gate, &from.up, &from.down};
    std::string const* const tos[] = {&to.attn_norm, &to.q,    &to.k,  &to.v,   &to.o,
                                      &to.ffn_norm,  &to.gate, &to.up, &to.down};
    for (int i = 0; i < 9; ++i) {
      if (name == *froms[i]) return *tos[i];
    }
  }
  return name;
}

// The rows of a query or key matrix as GGUF's converter orders them: element i of the first half
// and element i of the second half of a head become neighbours.
svf::matrix<float> interleaved_rows(svf::matrix<float> const& w, index_t head_dim) {
  svf::matrix<float> result(w.rows(), w.cols());
  for (index_t row = 0; row < w.rows(); ++row) {
    index_t const head = row / head_dim;
    index_t const within = row % head_dim;
    index_t const from = within / 2 + within % 2 * (head_dim / 2);
    for (index_t j = 0; j < w.cols(); ++j) {
      result(row, j) = w(head * head_dim + from, j);
    }
  }
  return result;
}

test::gguf_builder as_gguf(llama::checkpoint const& c) {
  test::gguf_builder file;
  file.text("general.architecture", "llama");
  file.u32("llama.block_count", std::uint32_t(c.cfg.layers));
  file.u32("llama.embedding_length", std::uint32_t(c.cfg.width));
  file.u32("llama.feed_forward_length", std::uint32_t(c.cfg.hidden));
  file.u32("llama.attention.head_count", std::uint32_t(c.cfg.heads));
  file.u32("llama.attention.head_count_kv", std::uint32_t(c.cfg.kv_heads));
  file.u32("llama.attention.key_length", std::uint32_t(c.cfg.head_dim));
  file.u32("llama.attention.value_length", std::uint32_t(c.cfg.head_dim));
  file.u32("llama.rope.dimension_count", std::uint32_t(c.cfg.head_dim));
  file.u32("llama.context_length", std::uint32_t(c.cfg.context));
  file.u32("llama.vocab_size", std::uint32_t(c.cfg.vocabulary));
  file.f32("llama.attention.layer_norm_rms_epsilon", c.cfg.rms_epsilon);
  file.f32("llama.rope.freq_base", c.cfg.rope_theta);
  file.text("tokenizer.ggml.model", "gpt2");
  file.text("tokenizer.ggml.pre", "smollm");
  file.texts("tokenizer.ggml.tokens", c.tok.tokens);
  file.i32s("tokenizer.ggml.token_type", {3, 1, 1, 1, 1});
  file.texts("tokenizer.ggml.merges", {"a b"});
  file.u32("tokenizer.ggml.eos_token_id", 0);
  file.text("tokenizer.chat_template", c.tok.chat_template);
  for (auto const& [name, tensor] : c.tensors) {
    bool const turned = name.ends_with("q_proj.weight") || name.ends_with("k_proj.weight");
    auto const values =
        turned ? interleaved_rows(tensor.values, c.cfg.head_dim) : tensor.values;
    std::vector<std::int64_t> sizes{values.cols()};
    if (tensor.dimensions == 2) {
      sizes.push_back(values.rows());
    }
    file.floats(gguf_name(c, name), sizes, {values.data(), values.data() + values.size()});
  }
  return file;
}

bool equal(svf::matrix<float> const& a, svf::matrix<float> const& b) {
  return a.rows() == b.rows() && a.cols() == b.cols() &&
         std::equal(a.data(), a.data() + a.size(), b.data());
}

void check_equal(llama::checkpoint const& a, llama::checkpoint const& b) {
  CHECK(a.cfg == b.cfg);
  REQUIRE(a.tensors.size() == b.tensors.size());
  for (auto const& entry : a.tensors) {
    INFO(entry.first);
    REQUIRE(b.tensors.contains(entry.first));
    CHECK(b.at(entry.first).dimensions == entry.second.dimensions);
    CHECK(equal(b.matrix(entry.first), entry.second.values));
  }
  CHECK(a.tok.tokens == b.tok.tokens);
  CHECK(a.tok.kinds == b.tok.kinds);
  CHECK(a.tok.merges == b.tok.merges);
  CHECK(a.tok.splitting == b.tok.splitting);
  CHECK(a.tok.eos == b.tok.eos);
  CHECK(a.tok.bos == b.tok.bos);
  CHECK(a.tok.chat_template == b.tok.chat_template);
}

std::string read_text(std::filesystem::path const& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

// The message with which `load_checkpoint` refuses `path`; empty if it does not.
std::string refusal(std::filesystem::path const& path) {
  try {
    llama::load_checkpoint(path);
  } catch (svf::error const& problem) {
    return problem.what();
  }
  return "";
}

// The message after one field of config.json was changed (or removed: null json).
std::string refusal_with(std::string const& field, nlohmann::json const& value) {
  test::temp_directory const folder;
  llama::save_hf(tiny(), folder.path());
  auto const path = folder.path() / "config.json";
  auto document = nlohmann::json::parse(read_text(path));
  document[field] = value;
  test::write_file(path, document.dump());
  return refusal(folder.path());
}

template <class Change>
std::string refusal_of_gguf(Change change) {
  test::temp_directory const folder;
  auto const path = folder.path() / "tiny.gguf";
  auto file = as_gguf(tiny());
  change(file);
  test::write_file(path, file.bytes());
  return refusal(path);
}

// Query and key vectors of one head turned by their position, by the definition of each style.
std::vector<double> rotated(std::vector<double> v, double position, llama::config const& c) {
  auto const half = std::size_t(c.head_dim / 2);
  for (std::size_t i = 0; i < half; ++i) {
    bool const pairs = c.rope == style::interleaved;
    double& a = v[pairs ? 2 * i : i];
    double& b = v[pairs ? 2 * i + 1 : i + half];
    double const angle =
        position * std::pow(double(c.rope_theta), -2.0 * double(i) / double(c.head_dim));
    double const turned = a * std::cos(angle) - b * std::sin(angle);
    b = a * std::sin(angle) + b * std::cos(angle);
    a = turned;
  }
  return v;
}

double attention_score(llama::checkpoint const& c, index_t head, std::vector<double> const& x,
                       std::vector<double> const& y) {
  auto const names = c.names(1);
  auto const project = [&](svf::matrix<float> const& w, index_t h, std::vector<double> const& in) {
    std::vector<double> out(std::size_t(c.cfg.head_dim), 0.0);
    for (std::size_t i = 0; i < out.size(); ++i) {
      for (std::size_t j = 0; j < in.size(); ++j) {
        out[i] += double(w(h * c.cfg.head_dim + index_t(i), index_t(j))) * in[j];
      }
    }
    return out;
  };
  index_t const group = c.cfg.heads / c.cfg.kv_heads;
  auto const q = rotated(project(c.matrix(names.q), head, x), 7.0, c.cfg);
  auto const k = rotated(project(c.matrix(names.k), head / group, y), 3.0, c.cfg);
  double sum = 0.0;
  for (std::size_t i = 0; i < q.size(); ++i) {
    sum += q[i] * k[i];
  }
  return sum;
}

}  // namespace

TEST_CASE("checkpoint: a Hugging Face folder gives back what was written") {
  for (bool const tied : {false, true}) {
    test::temp_directory const folder;
    auto const c = tiny(tied);
    llama::save_hf(c, folder.path() / "new");
    check_equal(c, llama::load_checkpoint(folder.path() / "new"));
    check_equal(c, llama::load_checkpoint(folder.path() / "new" / "model.safetensors"));
  }
}

TEST_CASE("checkpoint: the vocabulary of a folder tokenises") {
  test::temp_directory const folder;
  llama::save_hf(tiny(), folder.path());
  llama::tokenizer const tok(llama::load_checkpoint(folder.path()).tok);
  CHECK(tok.encode("ab a<end>", true) == std::vector<std::int32_t>{4, 3, 1, 0});
  std::filesystem::remove(folder.path() / "tokenizer.json");
  CHECK(llama::load_checkpoint(folder.path()).tok.tokens.empty());
}

TEST_CASE("checkpoint: a folder in shards") {
  test::temp_directory const folder;
  auto const c = tiny();
  llama::save_hf(c, folder.path());
  std::filesystem::remove(folder.path() / "model.safetensors");
  std::vector<svf::safetensors_writer> shards(2);
  nlohmann::json index = {{"weight_map", nlohmann::json::object()}};
  std::size_t next = 0;
  for (auto const& [name, tensor] : c.tensors) {
    std::size_t const shard = next++ % 2;
    std::vector<std::uint64_t> shape{std::uint64_t(tensor.values.cols())};
    if (tensor.dimensions == 2) {
      shape.insert(shape.begin(), std::uint64_t(tensor.values.rows()));
    }
    shards[shard].add(
        name, shape,
        std::span<float const>(tensor.values.data(), std::size_t(tensor.values.size())));
    index["weight_map"][name] = "part" + std::to_string(shard) + ".safetensors";
  }
  shards[0].write(folder.path() / "part0.safetensors");
  shards[1].write(folder.path() / "part1.safetensors");
  auto const index_path = folder.path() / "model.safetensors.index.json";
  test::write_file(index_path, index.dump());
  check_equal(c, llama::load_checkpoint(folder.path()));
  index["weight_map"][c.embedding()] = "../elsewhere.safetensors";
  test::write_file(index_path, index.dump());
  has(refusal(folder.path()), "same folder");
}

TEST_CASE("checkpoint: a GGUF file under its own names") {
  test::temp_directory const folder;
  auto const path = folder.path() / "tiny.gguf";
  for (bool const tied : {false, true}) {
    auto const c = tiny(tied);
    test::write_file(path, as_gguf(c).bytes());
    auto const read = llama::load_checkpoint(path);
    auto expected = c.cfg;
    expected.rope = style::interleaved;
    CHECK(read.cfg == expected);
    CHECK(read.tensors.size() == c.tensors.size());
    CHECK(equal(read.matrix("blk.1.ffn_down.weight"), c.matrix(c.names(1).down)));
    CHECK(equal(read.matrix(read.output()), c.matrix(c.output())));
    CHECK_FALSE(equal(read.matrix(read.names(0).q), c.matrix(c.names(0).q)));
    CHECK(read.at(read.output_norm()).dimensions == 1);
    CHECK(read.tok.tokens == c.tok.tokens);
    CHECK(read.tok.merges == c.tok.merges);
    CHECK(read.tok.kinds == c.tok.kinds);
    CHECK(read.tok.splitting == c.tok.splitting);
    CHECK(read.tok.chat_template == c.tok.chat_template);
  }
}

TEST_CASE("checkpoint: both formats give the same attention scores") {
  test::temp_directory const folder;
  auto const c = tiny();
  llama::save_hf(c, folder.path());
  test::write_file(folder.path() / "tiny.gguf", as_gguf(c).bytes());
  auto const a = llama::load_checkpoint(folder.path());
  auto const b = llama::load_checkpoint(folder.path() / "tiny.gguf");
  auto wrong = b;
  wrong.cfg.rope = style::half_split;
  auto const x = test::normal_vector<double>(10, 101);
  auto const y = test::normal_vector<double>(10, 102);
  for (index_t head = 0; head < c.cfg.heads; ++head) {
    double const score = attention_score(a, head, x, y);
    CHECK(test::close(attention_score(b, head, x, y), score, 1e-12));
    CHECK_FALSE(test::close(attention_score(wrong, head, x, y), score, 1e-6));
  }
}

TEST_CASE("checkpoint: a GGUF model saved as a folder keeps its names and row order") {
  test::temp_directory const folder;
  auto const path = folder.path() / "tiny.gguf";
  test::write_file(path, as_gguf(tiny()).bytes());
  auto const read = llama::load_checkpoint(path);
  llama::save_hf(read, folder.path() / "saved");
  auto const again = llama::load_checkpoint(folder.path() / "saved");
  CHECK(again.scheme == llama::checkpoint::naming::gguf);
  check_equal(read, again);
}

TEST_CASE("checkpoint: missing paths and other files are refused") {
  test::temp_directory const folder;
  has(refusal(folder.path() / "nothing"), "nothing");
  has(refusal(folder.path()), "model.safetensors");
  test::write_file(folder.path() / "text.txt", "not a model");
  has(refusal(folder.path() / "text.txt"), "text.txt");
  llama::save_hf(tiny(), folder.path());
  std::filesystem::remove(folder.path() / "config.json");
  has(refusal(folder.path()), "config.json");
  test::write_file(folder.path() / "config.json", "{\"model_type\":");
  has(refusal(folder.path()), "not JSON");
  test::write_file(folder.path() / "config.json", "[]");
  has(refusal(folder.path()), "expected a JSON object");
}

TEST_CASE("checkpoint: fields of config.json are checked by name") {
  CHECK(refusal_with("hidden_act", "silu").empty());
  has(refusal_with("model_type", "gpt2"), "model_type");
  has(refusal_with("hidden_size", nullptr), "'hidden_size': expected a whole number");
  has(refusal_with("hidden_size", "10"), "'hidden_size'");
  has(refusal_with("hidden_size", 10.5), "'hidden_size'");
  has(refusal_with("hidden_size", 18446744073709551615u), "'hidden_size'");
  has(refusal_with("num_hidden_layers", 0), "layers must be in 1");
  has(refusal_with("num_hidden_layers", 1000000000), "layers must be in 1");
  has(refusal_with("num_attention_heads", 0), "num_attention_heads");
  has(refusal_with("num_key_value_heads", 3), "multiple of kv_heads");
  has(refusal_with("num_key_value_heads", 8), "kv_heads must be in 1");
  has(refusal_with("head_dim", 5), "head_dim must be even");
  has(refusal_with("vocab_size", -1), "vocabulary must be");
  has(refusal_with("vocab_size", 4), "at most vocab_size = 4");
  has(refusal_with("intermediate_size", 13), "expected shape [10, 13]");
  has(refusal_with("rms_norm_eps", 0), "rms_epsilon");
  has(refusal_with("rms_norm_eps", true), "'rms_norm_eps'");
  has(refusal_with("rope_theta", 0.5), "rope_theta");
  has(refusal_with("hidden_act", "gelu"), "hidden_act");
  has(refusal_with("attention_bias", true), "attention_bias");
  has(refusal_with("mlp_bias", true), "mlp_bias");
  has(refusal_with("rope_scaling", {{"rope_type", "llama3"}}), "rope_scaling");
  has(refusal_with("rope_parameters", {{"type", "yarn"}}), "rope_parameters");
  has(refusal_with("rope_style", "spiral"), "rope_style");
  has(refusal_with("eos_token_id", -1), "eos_token_id");
}

TEST_CASE("checkpoint: theta within rope_parameters counts") {
  auto const parse = [](nlohmann::json change) {
    auto document = nlohmann::json::parse(llama::to_hf_config(tiny().cfg));
    document.update(change);
    return llama::parse_hf_config(document.dump(), "config.json");
  };
  CHECK(parse({{"rope_parameters", {{"rope_theta", 5e4}, {"rope_type", "default"}}}}).rope_theta ==
        5e4f);
  CHECK(parse(nlohmann::json::object()).rope_theta == 100.0f);
}

TEST_CASE("checkpoint: tensors missing, left over or of a wrong shape are named") {
  auto const refusal_of = [](auto change) {
    test::temp_directory const folder;
    auto const c = tiny();
    llama::save_hf(c, folder.path());
    svf::safetensors_writer writer;
    auto tensors = c.tensors;
    change(tensors);
    for (auto const& [name, tensor] : tensors) {
      std::vector<std::uint64_t> shape{std::uint64_t(tensor.values.cols())};
      if (tensor.dimensions == 2) {
        shape.insert(shape.begin(), std::uint64_t(tensor.values.rows()));
      }
      writer.add(name, shape,
                 std::span<float const>(tensor.values.data(), std::size_t(tensor.values.size())));
    }
    writer.write(folder.path() / "model.safetensors");
    return refusal(folder.path());
  };
  auto const names = tiny().names(1);
  CHECK(refusal_of([](auto&) {}).empty());
  has(refusal_of([&](auto& t) { t.erase(names.up); }), "'" + names.up + "'");
  has(refusal_of([&](auto& t) { t.erase("lm_head.weight"); }), "'lm_head.weight'");
  has(refusal_of([&](auto& t) { t["extra"] = t[names.up]; }), "'extra' is not part");
  has(refusal_of([&](auto& t) { t[names.up].values = svf::matrix<float>(10, 14); }),
      "'" + names.up + "': expected shape [14, 10], got [10, 14]");
  has(refusal_of([&](auto& t) { t[names.attn_norm].dimensions = 2; }),
      "expected shape [10], got [1, 10]");
  for (float const bad : {std::numeric_limits<float>::quiet_NaN(),
                          -std::numeric_limits<float>::infinity()}) {
    has(refusal_of([&](auto& t) { t[names.down].values(9, 13) = bad; }),
        "'" + names.down + "' holds NaN or Inf");
  }
  CHECK(refusal_of([](auto& t) {
          t["model.layers.0.self_attn.rotary_emb.inv_freq"] = {svf::matrix<float>(1, 3), 1};
        }).empty());
}

TEST_CASE("checkpoint: of several bad tensors the first is named, whatever the threads do") {
  auto const source = tiny();
  std::vector<llama::listed_tensor> listing;
  for (auto const& [name, tensor] : source.tensors) {
    std::vector<std::uint64_t> shape{std::uint64_t(tensor.values.cols())};
    if (tensor.dimensions == 2) {
      shape.insert(shape.begin(), std::uint64_t(tensor.values.rows()));
    }
    listing.push_back({name, std::move(shape)});
  }
  for (std::size_t const first : {std::size_t{0}, std::size_t{3}}) {
    auto c = tiny();
    std::string message;
    try {
      llama::read_tensors(c, listing, [&](std::size_t i, std::span<float> elements) {
        // The first bad one is found last.
        std::this_thread::sleep_for(std::chrono::milliseconds(i == first ? 30 : 0));
        elements.back() = i < first ? 1.0f : std::numeric_limits<float>::quiet_NaN();
      });
    } catch (svf::error const& e) {
      message = e.what();
    }
    has(message, "'" + listing[first].name + "' holds NaN or Inf");
  }
}

TEST_CASE("checkpoint: weights that cannot be written leave the model of a folder as it was") {
  test::temp_directory const folder;
  llama::save_hf(tiny(), folder.path());
  auto const read = [&](char const* name) { return test::read_raw(folder.path() / name); };
  std::string const files[] = {read("config.json"), read("tokenizer.json"),
                               read("tokenizer_config.json")};
  std::filesystem::remove(folder.path() / "model.safetensors");
  std::filesystem::create_directory(folder.path() / "model.safetensors");
  auto other = tiny();
  other.cfg.rope_theta = 7.0f;
  other.tok.tokens[1] = "c";
  other.tok.tokens[4] = "cb";
  other.tok.merges = {{"c", "b"}};
  other.tok.chat_template = "{{ other }}";
  CHECK_THROWS_AS(llama::save_hf(other, folder.path()), svf::error);
  CHECK(read("config.json") == files[0]);
  CHECK(read("tokenizer.json") == files[1]);
  CHECK(read("tokenizer_config.json") == files[2]);
  std::filesystem::remove(folder.path() / "model.safetensors");
  llama::save_hf(other, folder.path());
  CHECK(read("config.json") != files[0]);
  CHECK(read("tokenizer.json") != files[1]);
  CHECK(read("tokenizer_config.json") != files[2]);
}

TEST_CASE("checkpoint: a truncated weight file is refused") {
  test::temp_directory const folder;
  llama::save_hf(tiny(), folder.path());
  auto const path = folder.path() / "model.safetensors";
  std::filesystem::resize_file(path, std::filesystem::file_size(path) - 1);
  has(refusal(folder.path()), "model.safetensors");
}

TEST_CASE("checkpoint: keys of GGUF models are checked by name") {
  CHECK(refusal_of_gguf([](auto&) {}).empty());
  has(refusal_of_gguf([](auto& f) { f.pairs.replace(f.pairs.find("llama", 30), 5, "falco"); }),
      "'falco'");
  has(refusal_of_gguf([](auto& f) { f.text("llama.rope.scaling.type", "yarn"); }), "'yarn'");
  has(refusal_of_gguf([](auto& f) { f.f32("llama.rope.scale_linear", 2.0f); }), "scale_linear");
  has(refusal_of_gguf([](auto& f) { f.u32("llama.expert_count", 8); }), "expert_count");
  has(refusal_of_gguf([](auto& f) { f.floats("rope_freqs.weight", {3}, {1, 1, 1}); }),
      "'rope_freqs.weight'");
  has(refusal_of_gguf([](auto& f) { f.tensors.erase(f.tensors.begin() + 1); }),
      "expected a tensor");
  has(refusal_of_gguf([](auto& f) { f.tensors[1].data.replace(0, 4, "\xff\xff\xff\x7f"); }),
      "NaN or Inf");
  has(refusal_of_gguf([](auto& f) {
        auto const at = f.pairs.find("llama.block_count");
        f.pairs.replace(at, 17, "llama.block_toast");
      }),
      "llama.block_count");
}

TEST_CASE("checkpoint: SmolLM2 loads whole") {
  auto const file = test::smollm2_file();
  if (!file) {
    return;
  }
  auto const c = llama::load_checkpoint(*file);
  CHECK(c.cfg.layers == 30);
  CHECK(c.cfg.width == 576);
  CHECK(c.cfg.hidden == 1536);
  CHECK(c.cfg.heads == 9);
  CHECK(c.cfg.kv_heads == 3);
  CHECK(c.cfg.head_dim == 64);
  CHECK(c.cfg.vocabulary == 49152);
  CHECK(c.cfg.context == 8192);
  CHECK(c.cfg.rope_theta == 1e5f);
  CHECK(c.cfg.rms_epsilon == 1e-5f);
  CHECK(c.cfg.tied_output);
  CHECK(c.cfg.rope == style::interleaved);
  CHECK(c.tensors.size() == 272);
  CHECK(llama::parameter_count(c.cfg) == 134515008);
  CHECK_NOTHROW(llama::validate(c));
}
