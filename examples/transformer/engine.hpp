// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <svfmath/core/half.hpp>
#include <svfmath/core/matrix.hpp>
#include <svfmath/cpu/policy.hpp>

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
};

struct cpu_engine {
  using policy = svf::cpu::par;
  using weight = float;
  static constexpr index_t rows_at_a_time = 2048;  ///< in a forward pass
  static constexpr index_t training_rows = 1024;   ///< in a pass whose activations are kept
  static constexpr index_t logit_rows = 128;       ///< whose logits are made at a time
  /// Base scores of questions: each question by itself and kept, or all of a batch together.
  static constexpr bool keeps_reference = true;
};

using cpu_policy = cpu_engine::policy;

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
