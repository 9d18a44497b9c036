// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <doctest/doctest.h>

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include <svfmath/io/safetensors_writer.hpp>

#include <support/random.hpp>

#include <transformer/hf.hpp>

#include "tool.hpp"

namespace test {

/// Two layers over a vocabulary of twelve tokens.
inline llama::checkpoint tiny_model() {
  llama::checkpoint c;
  c.source = "tiny";
  c.cfg.layers = 2;
  c.cfg.width = 12;
  c.cfg.hidden = 20;
  c.cfg.heads = 4;
  c.cfg.kv_heads = 2;
  c.cfg.head_dim = 4;
  c.cfg.vocabulary = 12;
  c.cfg.context = 256;
  c.cfg.rope_theta = 100.0f;
  c.cfg.tied_output = true;
  std::uint64_t seed = 1;
  auto const put = [&](std::string const& name, llama::index_t rows, llama::index_t cols,
                       int dimensions = 2) {
    c.tensors[name] = {normal_matrix<float>(rows, cols, seed++), dimensions};
  };
  put(c.embedding(), 12, 12);
  put(c.output_norm(), 1, 12, 1);
  for (llama::index_t layer = 0; layer < 2; ++layer) {
    auto const names = c.names(layer);
    put(names.attn_norm, 1, 12, 1);
    put(names.q, 16, 12);
    put(names.k, 8, 12);
    put(names.v, 8, 12);
    put(names.o, 12, 16);
    put(names.ffn_norm, 1, 12, 1);
    put(names.gate, 20, 12);
    put(names.up, 20, 12);
    put(names.down, 12, 20);
  }
  c.tok.model = "gpt2";
  c.tok.splitting = {.single_numerals = true, .words = true, .byte_level = true};
  c.tok.tokens = {"<end>", "a", "b", "c", "d", "e", "f", "g", "h", "Ġ", "ab", "Ġa"};
  c.tok.kinds.assign(12, llama::token_kind::normal);
  c.tok.kinds[0] = llama::token_kind::control;
  c.tok.merges = {{"a", "b"}, {"Ġ", "a"}};
  c.tok.eos = 0;
  return c;
}

inline constexpr llama::index_t tiny_components = 2 * (12 + 8 + 8 + 12 + 12 + 12 + 12);

/// A folder with that model as "model" and a task file "tasks.jsonl".
struct model_folder {
  temp_directory folder;
  std::string model = at("model");
  std::string tasks = at("tasks.jsonl");

  std::string at(std::string const& name) const { return (folder.path() / name).string(); }

  model_folder() {
    llama::save_hf(tiny_model(), model);
    write_raw(tasks, questions(24, "abcdefgh"));
  }

  // "Which letter comes first?", answered by one of four letters.
  static std::string questions(int count, std::string const& letters) {
    std::string text;
    for (int i = 0; i < count; ++i) {
      std::string const first(1, letters[std::size_t(i * 5) % letters.size()]);
      std::string const second(1, letters[std::size_t(i * 3 + 1) % letters.size()]);
      text += R"({"prompt": ")" + first + second + R"(", "options": [" a", " b", " cd", " e"], )" +
              R"("answer": )" + std::to_string(i % 4) + "}\n";
    }
    return text;
  }

  // An expert of some sites, without a base.
  std::string expert(std::string const& name, std::vector<std::string> const& sites,
                     std::string const& normalisation = "none") const {
    svf::safetensors_writer writer;
    std::vector<std::vector<float>> z;
    auto const c = tiny_model();
    for (std::size_t s = 0; s < sites.size(); ++s) {
      auto const& w = c.matrix(sites[s]);
      z.push_back(uniform_vector<float>(std::size_t(std::min(w.rows(), w.cols())), 0.2f, 1.8f,
                                        name.size() * 10 + s));
    }
    for (std::size_t s = 0; s < sites.size(); ++s) {
      writer.add(sites[s] + ".z", {z[s].size()}, std::span<float const>(z[s]));
    }
    writer.set_metadata("normalisation", normalisation);
    writer.write(at(name));
    return at(name);
  }

  // A short training run.
  std::vector<std::string> train(std::string const& out,
                                 std::vector<std::string> const& more = {}) const {
    std::vector<std::string> all{"train", model,     "--task", tasks,    "--val",
                                 tasks,   "--out",   out,      "--steps", "3",
                                 "--json", "--validate-every", "1", "--cache", at("cache")};
    all.insert(all.end(), more.begin(), more.end());
    return all;
  }
};

inline constexpr char const* gate = "model.layers.1.mlp.gate_proj.weight";
inline constexpr char const* down = "model.layers.0.mlp.down_proj.weight";

}  // namespace test
