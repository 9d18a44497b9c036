// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <vector>

#include <svfmath/core/matrix.hpp>

#include "config.hpp"
#include "engine.hpp"

namespace llama {

/// The linear maps of a layer, in the order in which the z-vectors of a layer follow each other.
enum class projection { q, k, v, o, gate, up, down };
inline constexpr std::array all_projections{projection::q,    projection::k,  projection::v,
                                            projection::o,    projection::gate, projection::up,
                                            projection::down};

template <engine E>
struct basic_layer_weights {
  float_vector<E> attention_norm;                // (d)
  std::array<operand_matrix<E>, 7> projections;  // (out, in), by `projection`
  float_vector<E> mlp_norm;                      // (d)

  operand_matrix<E>& operator[](projection p) { return projections[std::size_t(p)]; }
  operand_matrix<E> const& operator[](projection p) const { return projections[std::size_t(p)]; }
};

template <engine E>
struct basic_weights {
  operand_matrix<E> embedding;  // (vocabulary, d)
  std::vector<basic_layer_weights<E>> layers;
  float_vector<E> output_norm;  // (d)
  operand_matrix<E> output;     // (vocabulary, d), empty when tied to the embedding

  operand_matrix<E> const& output_matrix() const { return output.size() ? output : embedding; }
};

using layer_weights = basic_layer_weights<cpu_engine>;
using weights = basic_weights<cpu_engine>;

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
