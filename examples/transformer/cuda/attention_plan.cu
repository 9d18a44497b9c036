// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <limits>
#include <vector>

#include <svfmath/core/transfer.hpp>

#include "attention_problem.cuh"

namespace llama {

attention_tables plan_attention(svf::cuda::stream_policy& exec, config const& c,
                                token_batch const& batch) {
  svf::expects(batch.rows() <= std::numeric_limits<int>::max(), svf::error_kind::shape,
               "attention: expected at most 2^31 - 1 rows in a batch, got ", batch.rows());
  expect_supported<cuda_engine<float>>(c);
  std::vector<seen_rows> seen(std::size_t(batch.rows()));
  std::vector<row_tile> query_tiles;
  std::vector<row_tile> key_tiles;
  int const query_rows = cuda::tile_rows / int(c.heads / c.kv_heads);
  for (auto const& sequence : batch.sequences()) {
    int const begin = int(sequence.trunk.first);
    int const trunk_end = begin + int(sequence.trunk.count);
    int end = trunk_end;
    for (int t = begin; t < trunk_end; ++t) {
      seen[std::size_t(t)] = {begin, begin, begin};
    }
    for (row_range const& branch : sequence.branches) {
      int const first = int(branch.first);
      end = first + int(branch.count);
      for (int t = first; t < end; ++t) {
        seen[std::size_t(t)] = {begin, trunk_end, first};
      }
    }
    for (int first = begin; first < end; first += query_rows) {
      query_tiles.push_back({first, std::min(first + query_rows, end), begin, end});
    }
    for (int first = begin; first < end; first += cuda::tile_rows) {
      key_tiles.push_back({first, std::min(first + cuda::tile_rows, end), begin, end});
    }
  }
  return {svf::vector_on(exec, seen), svf::vector_on(exec, query_tiles),
          svf::vector_on(exec, key_tiles)};
}

}  // namespace llama
