// SPDX-License-Identifier: Apache-2.0
#include "attention.hpp"

#include <cmath>

#include <cuda_runtime.h>

#include <svfmath/core/half.hpp>

#include "attention_problem.cuh"
#include "reduce.cuh"

namespace llama {

namespace {

namespace sc = svf::cuda;
using cuda::most_head_dim;
using cuda::operands;
using cuda::per_thread;
using cuda::problem;
using cuda::query_tile;
using cuda::tile_floats;
using cuda::tile_rows;
using cuda::tile_stride;

template <int Size>
constexpr int forward_floats = 3 * tile_floats<Size> + tile_floats<tile_rows>;
// Softmax of a row is found as keys come by: its maximum and sum so far, and what is summed with
// them is scaled again when the maximum grows.
template <int Size, class W>
__global__ void __launch_bounds__(cuda::block_threads)
    attention_kernel(problem<W> p, svf::vector_view<row_tile const, svf::device_space> tiles,
                     operands<W> out, mutable_device_rows log_sums) {
  using products = cuda::products_for<W>;
  extern __shared__ __align__(128) float shared[];
  float* const queries = shared;
  float* const keys = queries + tile_floats<Size>;
  float* const inputs = keys + tile_floats<Size>;
  float* const weights = inputs + tile_floats<Size>;
  query_tile const tile{tiles[blockIdx.x], int(blockIdx.y), p.group};
  cuda::load_tile<Size>(queries, p.head_dim,
                        cuda::query_rows<W>{p.q, tile, p.head_dim});
  constexpr int width = Size / 16;
  float result[per_thread][width] = {};
  float top[per_thread];
  float total[per_thread] = {};
  for (float& value : top) {
    value = -INFINITY;
  }
  for (int first = tile.rows.sequence_begin; first < tile.rows.end; first += tile_rows) {
    __syncthreads();
    cuda::load_tile<Size>(keys, p.head_dim,
                          cuda::head_rows<W>{p.k, first, tile.rows.end, tile.kv_head, p.head_dim});
    cuda::load_tile<Size>(inputs, p.head_dim,
                          cuda::head_rows<W>{p.v, first, tile.rows.end, tile.kv_head, p.head_dim});
    __syncthreads();
    products::template multiply_rows<Size>(queries, keys, weights);
    __syncthreads();
    float shrink[per_thread];
#pragma unroll
    for (int a = 0; a < per_thread; ++a) {
      int const item = cuda::thread_y() + 16 * a;
      bool const held = tile.holds(item);
      float* const row = weights + item * tile_stride<tile_rows> + cuda::thread_x();
      int const item_row = held ? tile.row(item) : 0;
      seen_rows const seen_by = p.seen[item_row];
      float scores[per_thread];
      float largest = -INFINITY;
#pragma unroll
      for (int b = 0; b < per_thread; ++b) {
        int const key = first + cuda::thread_x() + 16 * b;
        bool const seen = held && key < tile.rows.end && cuda::sees(seen_by, item_row, key);
        scores[b] = seen ? row[16 * b] * p.scale : -INFINITY;
        largest = fmaxf(largest, scores[b]);
      }
      float const now = fmaxf(top[a], cuda::row_max(largest));
      // Before the first key that is seen there is nothing to scale.
      shrink[a] = top[a] == -INFINITY ? 0.0f : expf(top[a] - now);
      float sum = 0.0f;
#pragma unroll
      for (int b = 0; b < per_thread; ++b) {
        float const weight = scores[b] == -INFINITY ? 0.0f : expf(scores[b] - now);
        row[16 * b] = weight;
        sum += weight;
      }
      top[a] = now;
      total[a] = total[a] * shrink[a] + cuda::row_sum(sum);
    }
    __syncthreads();
    typename products::template accumulator<Size> sums;
    products::template multiply_weights<Size>(weights, inputs, sums);
    products::template store<Size>(sums, keys);  // which are not needed any more
    __syncthreads();
#pragma unroll
    for (int a = 0; a < per_thread; ++a) {
#pragma unroll
      for (int e = 0; e < width; ++e) {
        result[a][e] = result[a][e] * shrink[a] +
                       keys[(cuda::thread_y() + 16 * a) * tile_stride<Size> +
                            cuda::thread_x() * width + e];
      }
    }
  }
#pragma unroll
  for (int a = 0; a < per_thread; ++a) {
    int const item = cuda::thread_y() + 16 * a;
    if (!tile.holds(item)) {
      continue;
    }
    index_t const row = tile.row(item);
    index_t const head = tile.head(item);
#pragma unroll
    for (int e = 0; e < width; ++e) {
      int const d = cuda::thread_x() * width + e;
      if (d < p.head_dim) {
        out(row, head * p.head_dim + d) = sc::detail::rounded<W>(result[a][e] / total[a]);
      }
    }
    if (cuda::thread_x() == 0) {
      log_sums(row, head) = top[a] + logf(total[a]);
    }
  }
}

constexpr int cached_warps = 8;

// A block for a query and a head; a warp takes every eighth key, a lane every 32nd element.
template <class W>
__global__ void cached_attention_kernel(operands<W const> q, operands<W const> k,
                                        operands<W const> v, index_t past, int head_dim, int group,
                                        float scale, operands<W> out) {
  constexpr int elements = most_head_dim / 32;
  __shared__ float tops[cached_warps];
  __shared__ float totals[cached_warps];
  __shared__ float results[cached_warps][most_head_dim];
  index_t const row = blockIdx.x;
  index_t const head = blockIdx.y;
  index_t const kv = head / group * head_dim;
  int const lane = int(threadIdx.x) % 32;
  int const warp = int(threadIdx.x) / 32;
  float query[elements];
  float result[elements] = {};
  float top = -INFINITY;
  float total = 0.0f;
  for (int e = 0; e < elements; ++e) {
    int const d = lane + 32 * e;
    query[e] = d < head_dim ? float(q(row, head * head_dim + d)) * scale : 0.0f;
  }
  for (index_t key = warp; key <= past + row; key += cached_warps) {
    float score = 0.0f;
    for (int e = 0; e < elements; ++e) {
      int const d = lane + 32 * e;
      score += d < head_dim ? query[e] * float(k(key, kv + d)) : 0.0f;
    }
    score = cuda::reduce_warp(score, cuda::add{});
    float const now = fmaxf(top, score);
    float const shrink = expf(top - now);
    float const weight = expf(score - now);
    top = now;
    total = total * shrink + weight;
    for (int e = 0; e < elements; ++e) {
      int const d = lane + 32 * e;
      result[e] = result[e] * shrink + (d < head_dim ? weight * float(v(key, kv + d)) : 0.0f);
    }
  }
  if (lane == 0) {
    tops[warp] = top;
    totals[warp] = total;
  }
  for (int e = 0; e < elements; ++e) {
    results[warp][lane + 32 * e] = result[e];
  }
  __syncthreads();
  float largest = tops[0];  // the first warp has a key
  for (int w = 1; w < cached_warps; ++w) {
    largest = fmaxf(largest, tops[w]);
  }
  for (int d = int(threadIdx.x); d < head_dim; d += int(blockDim.x)) {
    float sum = 0.0f;
    float all = 0.0f;
    for (int w = 0; w < cached_warps; ++w) {
      float const shrink = expf(tops[w] - largest);
      sum += shrink * results[w][d];
      all += shrink * totals[w];
    }
    out(row, head * head_dim + d) = sc::detail::rounded<W>(sum / all);
  }
}

}  // namespace

template <class W>
void attention(svf::cuda::stream_policy& exec, config const& c, attention_tables const& batch,
               svf::matrix_view<W const, svf::device_space> q,
               svf::matrix_view<W const, svf::device_space> k,
               svf::matrix_view<W const, svf::device_space> v,
               svf::matrix_view<W, svf::device_space> out, mutable_device_rows log_sums) {
  auto const p = cuda::problem_of(c, batch, q, k, v);
  cuda::with_size(c, [&](auto size) {
    cuda::launch(exec, attention_kernel<size(), W>, batch.query_tiles.size(), c.kv_heads,
           forward_floats<size()>, p, batch.query_tiles.view(), out, log_sums);
  });
}

template <class W>
void cached_attention(svf::cuda::stream_policy& exec, config const& c, index_t past,
                      svf::matrix_view<W const, svf::device_space> q,
                      svf::matrix_view<W const, svf::device_space> k,
                      svf::matrix_view<W const, svf::device_space> v,
                      svf::matrix_view<W, svf::device_space> out) {
  expect_supported<cuda_engine<float>>(c);
  if (q.rows == 0) {
    return;
  }
  sc::detail::on_device const here(exec.device());
  cached_attention_kernel<W>
      <<<dim3(unsigned(q.rows), unsigned(c.heads)), 32 * cached_warps, 0, exec.stream()>>>(
          q, k, v, past, int(c.head_dim), int(c.heads / c.kv_heads),
          1.0f / std::sqrt(float(c.head_dim)), out);
  sc::detail::check(cudaGetLastError(), "cached_attention");
}

template void attention(svf::cuda::stream_policy&, config const&, attention_tables const&,
                        operands<float const>, operands<float const>, operands<float const>,
                        operands<float>, mutable_device_rows);
template void attention(svf::cuda::stream_policy&, config const&, attention_tables const&,
                        operands<svf::bfloat16 const>, operands<svf::bfloat16 const>,
                        operands<svf::bfloat16 const>, operands<svf::bfloat16>,
                        mutable_device_rows);
template void cached_attention(svf::cuda::stream_policy&, config const&, index_t,
                               operands<float const>, operands<float const>,
                               operands<float const>, operands<float>);
template void cached_attention(svf::cuda::stream_policy&, config const&, index_t,
                               operands<svf::bfloat16 const>, operands<svf::bfloat16 const>,
                               operands<svf::bfloat16 const>, operands<svf::bfloat16>);

}  // namespace llama
