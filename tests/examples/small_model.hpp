// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include <support/random.hpp>

#include <transformer/checkpoint.hpp>
#include <transformer/choice.hpp>
#include <transformer/model.hpp>

namespace test {

/// Questions of token ids, as `encode` would give them.
inline std::vector<llama::encoded_question> some_questions() {
  return {{{3, 1, 4}, {{5}, {9, 2}, {6, 5, 3}}, 1},
          {{2, 7}, {{1, 8}, {2}}, 0},
          {{16, 0, 2, 11, 5}, {{4, 4}, {4, 5}, {5, 4}, {9}}, 3}};
}

/// Two layers of every kind of extent that could be mixed up.
inline llama::config small_config(bool interleaved, bool tied) {
  llama::config c;
  c.layers = 2;
  c.width = 12;
  c.hidden = 20;
  c.heads = 4;
  c.kv_heads = 2;
  c.head_dim = 4;
  c.vocabulary = 17;
  c.context = 32;
  c.rms_epsilon = 1e-5f;
  c.rope_theta = 100.0f;
  c.rope = interleaved ? llama::config::rope_style::interleaved
                       : llama::config::rope_style::half_split;
  c.tied_output = tied;
  return c;
}

inline llama::model small_model(llama::config const& c, std::uint64_t seed) {
  auto const scaled = [&](llama::index_t rows, llama::index_t cols) {
    auto w = normal_matrix<float>(rows, cols, ++seed * 11);
    for (llama::index_t i = 0; i < w.size(); ++i) {
      w.data()[i] *= 0.4f;
    }
    return w;
  };
  auto const norm = [&] {
    svf::vector<float> w(c.width);
    svf::random_stream const random(++seed * 7);
    for (llama::index_t i = 0; i < w.size(); ++i) {
      w[i] = float(1.0 + 0.3 * random.normal(std::uint64_t(i)));
    }
    return w;
  };
  llama::weights w;
  w.embedding = scaled(c.vocabulary, c.width);
  if (!c.tied_output) {
    w.output = scaled(c.vocabulary, c.width);
  }
  w.output_norm = norm();
  for (llama::index_t l = 0; l < c.layers; ++l) {
    llama::layer_weights layer;
    layer.attention_norm = norm();
    layer.mlp_norm = norm();
    for (llama::projection p : llama::all_projections) {
      auto const e = llama::projection_extent(c, p);
      layer[p] = scaled(e.rows, e.cols);
    }
    w.layers.push_back(std::move(layer));
  }
  llama::cpu_policy exec(1);
  return {exec, c, std::move(w)};
}

/// The same weights as a checkpoint under Hugging Face's names.
inline llama::checkpoint checkpoint_of(llama::model const& m) {
  llama::checkpoint c;
  c.cfg = m.cfg();
  c.source = "small model";
  auto const& w = m.parameters();
  auto const put_norm = [&](std::string const& name, svf::vector<float> const& values) {
    svf::matrix<float> row(1, values.size());
    std::copy(values.begin(), values.end(), row.data());
    c.tensors[name] = {std::move(row), 1};
  };
  c.tensors[c.embedding()] = {w.embedding, 2};
  if (!c.cfg.tied_output) {
    c.tensors[c.output()] = {w.output, 2};
  }
  put_norm(c.output_norm(), w.output_norm);
  for (llama::index_t l = 0; l < c.cfg.layers; ++l) {
    auto const names = c.names(l);
    auto const& layer = w.layers[std::size_t(l)];
    put_norm(names.attn_norm, layer.attention_norm);
    put_norm(names.ffn_norm, layer.mlp_norm);
    std::string const order[]{names.q, names.k, names.v, names.o, names.gate, names.up, names.down};
    for (llama::projection p : llama::all_projections) {
      c.tensors[order[std::size_t(p)]] = {layer[p], 2};
    }
  }
  return c;
}

}  // namespace test
