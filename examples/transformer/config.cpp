// SPDX-License-Identifier: Apache-2.0
#include "config.hpp"

#include <cmath>

#include <svfmath/core/error.hpp>

namespace llama {

namespace {

constexpr index_t most_layers = 1 << 12;
constexpr index_t most_heads = 1 << 12;
constexpr index_t widest_head = 1 << 12;
constexpr index_t widest = 1 << 20;
constexpr index_t most_tokens = index_t{1} << 24;
constexpr index_t longest_context = 1 << 20;
constexpr index_t most_rotations = 1 << 27;  // context·head_dim, the floats of the rotary tables

void in_range(std::string_view source, std::string_view field, index_t value, index_t most) {
  svf::expects(value >= 1 && value <= most, svf::error_kind::format, source, ": ", field,
               " must be in 1 … ", most, ", got ", value);
}

}  // namespace

void validate(config const& c, std::string_view source) {
  in_range(source, "layers", c.layers, most_layers);
  in_range(source, "width", c.width, widest);
  in_range(source, "hidden", c.hidden, widest);
  in_range(source, "heads", c.heads, most_heads);
  in_range(source, "kv_heads", c.kv_heads, c.heads);
  in_range(source, "head_dim", c.head_dim, widest_head);
  in_range(source, "vocabulary", c.vocabulary, most_tokens);
  in_range(source, "context", c.context, longest_context);
  svf::expects(c.heads % c.kv_heads == 0, svf::error_kind::format, source,
               ": heads must be a multiple of kv_heads, got heads = ", c.heads,
               " and kv_heads = ", c.kv_heads);
  svf::expects(c.head_dim % 2 == 0, svf::error_kind::format, source,
               ": head_dim must be even for rotary embeddings, got ", c.head_dim);
  in_range(source, "heads * head_dim", c.query_width(), widest);
  in_range(source, "context * head_dim", c.context * c.head_dim, most_rotations);
  svf::expects(std::isfinite(c.rms_epsilon) && c.rms_epsilon > 0.0f && c.rms_epsilon < 1.0f,
               svf::error_kind::format, source, ": rms_epsilon must be in (0, 1), got ",
               c.rms_epsilon);
  svf::expects(std::isfinite(c.rope_theta) && c.rope_theta >= 1.0f, svf::error_kind::format, source,
               ": rope_theta must be finite and at least 1, got ", c.rope_theta);
}

index_t parameter_count(config const& c) {
  index_t const attention = 2 * c.width * (c.query_width() + c.kv_width());
  index_t const layer = 2 * c.width + attention + 3 * c.width * c.hidden;
  index_t const tables = c.tied_output ? 1 : 2;
  return c.layers * layer + c.width + tables * c.vocabulary * c.width;
}

}  // namespace llama
