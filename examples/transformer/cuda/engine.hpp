// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <svfmath/core/half.hpp>
#include <svfmath/cuda/memory.hpp>
#include <svfmath/cuda/policy.hpp>

#include "../engine.hpp"

namespace llama {

/// A model on a CUDA device of at least compute capability 8.0. W: float, or bfloat16 for weights,
/// and what is multiplied with them, of half the size and for products on the tensor cores with
/// sums in float. Norms, sums of the softmax and the residual stream are float.
template <class W>
struct cuda_engine {
  using policy = svf::cuda::stream_policy;
  using weight = W;
  static constexpr index_t rows_at_a_time = 16384;
  static constexpr index_t training_rows = 16384;
  static constexpr index_t logit_rows = 2048;
  static constexpr bool keeps_reference = false;
  static constexpr index_t most_head_dim = 128;     ///< what the kernels of attention have room for
  static constexpr index_t most_shared_heads = 64;
};

}  // namespace llama
