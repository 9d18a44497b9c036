// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdlib>
#include <utility>
#include <vector>

#include <svfmath/core/matrix.hpp>
#include <svfmath/cpu.hpp>
#include <transformer/checkpoint.hpp>
#include <transformer/weights.hpp>

#include "trained_spectrum.hpp"

namespace bench {

inline std::vector<svf::matrix<float>> random_maps(svf::cpu::par& exec) {
  llama::config shape;
  shape.width = 576;
  shape.hidden = 1536;
  shape.heads = 9;
  shape.kv_heads = 3;
  shape.head_dim = 64;
  std::vector<svf::matrix<float>> maps;
  for (llama::index_t layer = 0; layer < 30; ++layer) {
    for (auto const p : llama::all_projections) {
      auto const size = llama::projection_extent(shape, p);
      maps.push_back(trained_matrix(exec, size.rows, size.cols, maps.size() + 1));
    }
  }
  return maps;
}

inline std::vector<svf::matrix<float>> maps_of(char const* path) {
  auto model = llama::load_checkpoint(path);
  std::vector<svf::matrix<float>> maps;
  for (llama::index_t layer = 0; layer < model.cfg.layers; ++layer) {
    auto const names = model.names(layer);
    for (auto const* name : {&names.q, &names.k, &names.v, &names.o, &names.gate, &names.up,
                             &names.down}) {
      maps.push_back(std::move(model.tensors.at(*name).values));
    }
  }
  return maps;
}

struct model_maps {
  std::vector<svf::matrix<float>> weights;
  char const* source;
};

/// All 210 linear maps of SmolLM2-135M: of the file that the environment's SVFMATH_SMOLLM2 names,
/// or random ones in its shapes.
inline model_maps smollm2_maps(svf::cpu::par& exec) {
  if (char const* const path = std::getenv("SVFMATH_SMOLLM2")) {
    return {maps_of(path), "a file"};
  }
  return {random_maps(exec), "random elements"};
}

}  // namespace bench
