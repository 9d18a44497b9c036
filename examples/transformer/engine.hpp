// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <limits>

#include <svfmath/core/error.hpp>
#include <svfmath/core/half.hpp>
#include <svfmath/core/matrix.hpp>
#include <svfmath/cpu/policy.hpp>

#include "config.hpp"

namespace llama {

using svf::index_t;

/// What a model computes with: a policy of svfmath, the element type of its matrices and of what is
/// multiplied with them (all else is float), and how many rows of a batch it takes at a time.
template <class E>
concept engine = requires {
  typename E::policy::space;
  typename E::weight;
  E::rows_at_a_time;
  E::training_rows;
  E::logit_rows;
  E::keeps_reference;
  E::most_head_dim;
  E::most_shared_heads;
};

struct cpu_engine {
  using policy = svf::cpu::par;
  using weight = float;
  static constexpr index_t rows_at_a_time = 2048;  ///< in a forward pass
  static constexpr index_t training_rows = 1024;   ///< in a pass whose activations are kept
  static constexpr index_t logit_rows = 128;       ///< whose logits are made at a time
  /// Base scores of questions: each question by itself and kept, or all of a batch together.
  static constexpr bool keeps_reference = true;
  /// The largest head that attention takes, and the most query heads to a key head.
  static constexpr index_t most_head_dim = std::numeric_limits<index_t>::max();
  static constexpr index_t most_shared_heads = std::numeric_limits<index_t>::max();
};

using cpu_policy = cpu_engine::policy;

/// Throws `svf::error{shape}` for a model whose heads the engine cannot hold.
template <engine E>
void expect_supported(config const& c) {
  svf::expects(c.head_dim <= E::most_head_dim && c.heads / c.kv_heads <= E::most_shared_heads,
               svf::error_kind::shape, "llama::model: expected heads of at most ", E::most_head_dim,
               " elements and at most ", E::most_shared_heads,
               " query heads to a key head on this device, got ", c.head_dim, " and ",
               c.heads / c.kv_heads);
}

template <engine E>
using space_of = typename E::policy::space;

/// Owners and views in an engine's memory: of float, and of what is multiplied with weights.
template <engine E>
using float_matrix = svf::matrix<float, space_of<E>>;
template <engine E>
using float_vector = svf::vector<float, space_of<E>>;
template <engine E>
using operand_matrix = svf::matrix<typename E::weight, space_of<E>>;
template <engine E>
using float_rows = svf::matrix_view<float const, space_of<E>>;
template <engine E>
using mutable_float_rows = svf::matrix_view<float, space_of<E>>;
template <engine E>
using operand_rows = svf::matrix_view<typename E::weight const, space_of<E>>;

using const_rows = float_rows<cpu_engine>;
using mutable_rows = mutable_float_rows<cpu_engine>;

}  // namespace llama
