// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include <svfmath/core/random.hpp>

#include <transformer/checkpoint.hpp>
#include <transformer/token_batch.hpp>
#include <transformer/weights.hpp>

namespace bench {

/// Random weights in SmolLM2-135M's shape with so many of its 30 layers.
inline llama::checkpoint random_checkpoint(llama::index_t layers) {
  using llama::index_t;
  llama::checkpoint c;
  c.source = "random weights";
  c.cfg.layers = layers;
  c.cfg.width = 576;
  c.cfg.hidden = 1536;
  c.cfg.heads = 9;
  c.cfg.kv_heads = 3;
  c.cfg.head_dim = 64;
  c.cfg.vocabulary = 49152;
  c.cfg.context = 8192;
  c.cfg.rope_theta = 1e5f;
  std::uint64_t seed = 0;
  // Uniform with variance 1/cols, so that activations keep their size through the layers.
  auto const put = [&](std::string const& name, index_t rows, index_t cols) {
    svf::matrix<float> values(rows, cols);
    svf::random_stream const random(++seed);
    double const range = std::sqrt(12.0 / double(cols));
    for (index_t i = 0; i < values.size(); ++i) {
      values.data()[i] = float(range * (random.uniform(std::uint64_t(i)) - 0.5));
    }
    c.tensors[name] = {std::move(values), 2};
  };
  auto const put_norm = [&](std::string const& name) {
    svf::matrix<float> ones(1, c.cfg.width);
    std::fill_n(ones.data(), ones.size(), 1.0f);
    c.tensors[name] = {std::move(ones), 1};
  };
  put(c.embedding(), c.cfg.vocabulary, c.cfg.width);
  put_norm(c.output_norm());
  for (index_t layer = 0; layer < layers; ++layer) {
    auto const names = c.names(layer);
    std::string const maps[] = {names.q,    names.k,  names.v,   names.o,
                                names.gate, names.up, names.down};
    put_norm(names.attn_norm);
    put_norm(names.ffn_norm);
    for (auto const p : llama::all_projections) {
      auto const size = llama::projection_extent(c.cfg, p);
      put(maps[std::size_t(p)], size.rows, size.cols);
    }
  }
  return c;
}

inline std::vector<llama::token> random_tokens(llama::index_t count, std::uint64_t seed) {
  svf::random_stream const random(seed);
  std::vector<llama::token> ids(static_cast<std::size_t>(count));
  for (std::size_t i = 0; i < ids.size(); ++i) {
    ids[i] = llama::token(random.below(i, 49152));
  }
  return ids;
}

}  // namespace bench
