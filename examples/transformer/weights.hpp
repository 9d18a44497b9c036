// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <string_view>
#include <vector>

#include <svfmath/core/matrix.hpp>

#include "config.hpp"

namespace llama {

/// The linear maps of a layer, in the order in which the z-vectors of a layer follow each other.
enum class projection { q, k, v, o, gate, up, down };
inline constexpr std::array all_projections{projection::q,    projection::k,  projection::v,
                                            projection::o,    projection::gate, projection::up,
                                            projection::down};

struct layer_weights {
  svf::vector<float> attention_norm;                // (d)
  std::array<svf::matrix<float>, 7> projections;    // (out, in), by `projection`
  svf::vector<float> mlp_norm;                      // (d)

  svf::matrix<float>& operator[](projection p) { return projections[std::size_t(p)]; }
  svf::matrix<float> const& operator[](projection p) const { return projections[std::size_t(p)]; }
};

struct weights {
  svf::matrix<float> embedding;  // (vocabulary, d)
  std::vector<layer_weights> layers;
  svf::vector<float> output_norm;  // (d)
  svf::matrix<float> output;       // (vocabulary, d), empty when tied to the embedding

  svf::matrix<float> const& output_matrix() const { return output.size() ? output : embedding; }
};

/// Rows and columns of a projection (out, in).
struct extent {
  svf::index_t rows, cols;
};
inline extent projection_extent(config const& c, projection p) {
  auto const query = c.query_width();
  auto const key = c.kv_width();
  switch (p) {
    case projection::q: return {query, c.width};
    case projection::k:
    case projection::v: return {key, c.width};
    case projection::o: return {c.width, query};
    case projection::gate:
    case projection::up: return {c.hidden, c.width};
    case projection::down: return {c.width, c.hidden};
  }
  return {0, 0};
}

}  // namespace llama
