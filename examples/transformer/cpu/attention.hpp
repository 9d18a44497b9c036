// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "../config.hpp"
#include "../engine.hpp"
#include "../token_batch.hpp"

namespace llama {

/// What attention needs to know of a batch: on the CPU, the batch.
inline token_batch const& plan_attention(cpu_policy&, config const&, token_batch const& batch) {
  return batch;
}

/// Causal grouped-query attention over the sequences of a packed batch:
/// o = softmax(q kᵀ/√head_dim) v per head, where a trunk row sees the trunk up to itself and a
/// branch row sees its trunk and its own branch up to itself.
/// q, out: T × heads·head_dim; k, v: T × kv_heads·head_dim, after the rotary embedding;
/// log_sums: T × heads, log Σ exp of a row's scores.
void attention(cpu_policy& exec, config const& c, token_batch const& batch, const_rows q,
               const_rows k, const_rows v, mutable_rows out, mutable_rows log_sums);

/// dq, dk, dv (overwritten) from dout = dL/dout, with the `out` and `log_sums` of `attention`.
void attention_backward(cpu_policy& exec, config const& c, token_batch const& batch, const_rows q,
                        const_rows k, const_rows v, const_rows out, const_rows log_sums,
                        const_rows dout, mutable_rows dq, mutable_rows dk, mutable_rows dv);

/// Attention of `q` rows (N × heads·head_dim) that follow `past` rows already in a cache whose
/// keys and values (past+N rows) are given.
void cached_attention(cpu_policy& exec, config const& c, index_t past, const_rows q, const_rows k,
                      const_rows v, mutable_rows out);

}  // namespace llama
