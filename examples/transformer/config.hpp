// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

#include <svfmath/core/view.hpp>

namespace llama {

using svf::index_t;

/// The shape of a Llama-architecture decoder. Extents are counts of floats or of layers, heads,
/// tokens; zero means "not set" and never passes `validate`.
struct config {
  /// Which elements of a head turn together: (2i, 2i+1), as GGUF stores Llama models, or
  /// (i, i + head_dim/2), as Hugging Face does.
  enum class rope_style { interleaved, half_split };

  index_t layers = 0;
  index_t width = 0;       ///< length of the residual stream (d_model)
  index_t hidden = 0;      ///< inner width of the feed-forward block
  index_t heads = 0;       ///< query heads
  index_t kv_heads = 0;    ///< key and value heads, a divisor of `heads`
  index_t head_dim = 0;    ///< even; heads·head_dim need not equal `width`
  index_t vocabulary = 0;  ///< rows of the embedding
  index_t context = 0;     ///< longest sequence the model was trained for
  float rms_epsilon = 1e-5f;
  float rope_theta = 1e4f;
  rope_style rope = rope_style::half_split;
  bool tied_output = true;  ///< the output matrix is the embedding

  index_t query_width() const { return heads * head_dim; }
  index_t kv_width() const { return kv_heads * head_dim; }

  bool operator==(config const&) const = default;
};

/// Throws `svf::error` (format) that names `source`, the field, what was expected and what came,
/// unless every extent is positive and of a size that a computer of today can hold (the context: at
/// most 2²⁰ tokens and context·head_dim at most 2²⁷, as a model makes its rotary tables for all of
/// it), heads is a multiple of kv_heads, head_dim is even, epsilon is in (0, 1) and theta is finite
/// and ≥ 1.
void validate(config const& c, std::string_view source);

/// The number of parameters of a validated configuration; cannot overflow.
index_t parameter_count(config const& c);

}  // namespace llama
