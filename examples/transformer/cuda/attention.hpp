// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <svfmath/cuda/memory.hpp>
#include <svfmath/cuda/policy.hpp>

#include "../config.hpp"
#include "../token_batch.hpp"
#include "layers.hpp"

/// As cpu/attention.hpp, on a CUDA device.
namespace llama {

/// What a row sees: the rows [first, shared_end) and [own_first, itself]. A trunk row has no rows
/// of the first kind; a branch row shares its trunk.
struct seen_rows {
  int first;
  int shared_end;
  int own_first;
};

/// Rows [begin, end) of one sequence that a block treats together, and the sequence's rows.
struct row_tile {
  int begin, end;
  int sequence_begin, sequence_end;
};

/// A batch as attention's kernels read it.
struct attention_tables {
  svf::vector<seen_rows, svf::device_space> seen;        // by row
  svf::vector<row_tile, svf::device_space> query_tiles;  // by whose rows queries are treated
  svf::vector<row_tile, svf::device_space> key_tiles;
};

/// Throws `svf::error{shape}` for a batch of 2³¹ rows or more, for heads of more than 128 elements
/// and for more than 64 query heads to a key head.
attention_tables plan_attention(svf::cuda::stream_policy& exec, config const& c,
                                token_batch const& batch);

template <class W>
void attention(svf::cuda::stream_policy& exec, config const& c, attention_tables const& batch,
               svf::matrix_view<W const, svf::device_space> q,
               svf::matrix_view<W const, svf::device_space> k,
               svf::matrix_view<W const, svf::device_space> v,
               svf::matrix_view<W, svf::device_space> out, mutable_device_rows log_sums);

/// Sums have a fixed order: the same bits in every run.
template <class W>
void attention_backward(svf::cuda::stream_policy& exec, config const& c,
                        attention_tables const& batch,
                        svf::matrix_view<W const, svf::device_space> q,
                        svf::matrix_view<W const, svf::device_space> k,
                        svf::matrix_view<W const, svf::device_space> v,
                        svf::matrix_view<W const, svf::device_space> out, device_rows log_sums,
                        svf::matrix_view<W const, svf::device_space> dout,
                        svf::matrix_view<W, svf::device_space> dq,
                        svf::matrix_view<W, svf::device_space> dk,
                        svf::matrix_view<W, svf::device_space> dv);

template <class W>
void cached_attention(svf::cuda::stream_policy& exec, config const& c, index_t past,
                      svf::matrix_view<W const, svf::device_space> q,
                      svf::matrix_view<W const, svf::device_space> k,
                      svf::matrix_view<W const, svf::device_space> v,
                      svf::matrix_view<W, svf::device_space> out);

}  // namespace llama
