// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cmath>
#include <cstddef>
#include <type_traits>

#include <cuda_runtime.h>

#include <svfmath/core/view.hpp>
#include <svfmath/cuda.cuh>

#include "attention.hpp"
#include "attention_block.cuh"
#include "engine.hpp"

/// What attention's kernels, forward and backward, have in common: what they read, which rows their
/// tiles are, and how they are launched.
namespace llama::cuda {

template <class W>
using operands = svf::matrix_view<W, svf::device_space>;

inline constexpr int most_head_dim = int(cuda_engine<float>::most_head_dim);
static_assert(cuda_engine<float>::most_shared_heads <= tile_rows);

/// What all kernels read.
template <class W>
struct problem {
  operands<W const> q, k, v;
  svf::vector_view<seen_rows const, svf::device_space> seen;
  int head_dim;
  int group;  // query heads of a key head
  float scale;
};

/// Whether a row, which sees `s`, sees a key.
__device__ inline bool sees(seen_rows const& s, int row, int key) {
  return key <= row && (key >= s.own_first || (key >= s.first && key < s.shared_end));
}

/// The queries of a block: the rows of a tile, each with all heads of a key head.
struct query_tile {
  row_tile rows;
  int kv_head;
  int group;

  __device__ int row(int item) const { return rows.begin + item / group; }
  __device__ int head(int item) const { return kv_head * group + item % group; }
  __device__ bool holds(int item) const { return row(item) < rows.end; }
};

/// Where the queries of a tile begin, or what has their shape; null for what the tile does not
/// hold.
template <class W>
struct query_rows {
  operands<W const> x;
  query_tile tile;
  int head_dim;
  __device__ W const* operator()(int item) const {
    return tile.holds(item) ? &x(tile.row(item), index_t(tile.head(item)) * head_dim) : nullptr;
  }
};

/// Where rows [first, end) of one head of x begin.
template <class W>
struct head_rows {
  operands<W const> x;
  int first, end;
  int head;
  int head_dim;
  __device__ W const* operator()(int i) const {
    return first + i < end ? &x(first + i, index_t(head) * head_dim) : nullptr;
  }
};

template <class W>
problem<W> problem_of(config const& c, attention_tables const& batch, operands<W const> q,
                      operands<W const> k, operands<W const> v) {
  expect_supported<cuda_engine<float>>(c);
  return {q, k, v, batch.seen.view(), int(c.head_dim), int(c.heads / c.kv_heads),
          1.0f / std::sqrt(float(c.head_dim))};
}

/// body(std::integral_constant) with the smallest size of a tile's row that holds a head.
template <class Body>
void with_size(config const& c, Body&& body) {
  if (c.head_dim <= 32) {
    body(std::integral_constant<int, 32>());
  } else if (c.head_dim <= 64) {
    body(std::integral_constant<int, 64>());
  } else {
    body(std::integral_constant<int, most_head_dim>());
  }
}

template <class Kernel, class... Args>
void launch(svf::cuda::stream_policy& exec, Kernel kernel, index_t tiles, index_t heads,
            int floats, Args... args) {
  if (tiles == 0) {
    return;
  }
  svf::cuda::detail::on_device const here(exec.device());
  auto const bytes = floats * int(sizeof(float));
  int most = 0;
  svf::cuda::detail::check(
      cudaDeviceGetAttribute(&most, cudaDevAttrMaxSharedMemoryPerBlockOptin, exec.device()),
      "cudaDeviceGetAttribute");
  svf::expects(bytes <= most, svf::error_kind::backend, "attention: heads of this size need ",
               bytes, " bytes of shared memory in a block, device ", exec.device(), " has ", most);
  svf::cuda::detail::check(
      cudaFuncSetAttribute(kernel, cudaFuncAttributeMaxDynamicSharedMemorySize, bytes),
      "cudaFuncSetAttribute");
  kernel<<<dim3(unsigned(tiles), unsigned(heads)), block_threads, std::size_t(bytes),
           exec.stream()>>>(args...);
  svf::cuda::detail::check(cudaGetLastError(), "attention");
}

}  // namespace llama::cuda
