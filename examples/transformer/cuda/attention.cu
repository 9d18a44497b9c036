// SPDX-License-Identifier: Apache-2.0
#include "attention.hpp"

#include <algorithm>
#include <limits>
#include <vector>

#include <cuda_runtime.h>

#include <svfmath/core/half.hpp>
#include <svfmath/core/transfer.hpp>
#include <svfmath/cuda.cuh>

#include "attention_block.cuh"
#include "reduce.cuh"

namespace llama {

namespace {

namespace sc = svf::cuda;
using cuda::per_thread;
using cuda::tile_floats;
using cuda::tile_rows;
using cuda::tile_stride;

template <class W>
using operands = svf::matrix_view<W, svf::device_space>;

// What all kernels read.
template <class W>
struct problem {
  operands<W const> q, k, v;
  svf::vector_view<seen_rows const, svf::device_space> seen;
  int head_dim;
  int group;  // query heads of a key head
  float scale;

};

// Whether a row, which sees `s`, sees a key.
__device__ bool sees(seen_rows const& s, int row, int key) {
  return key <= row && (key >= s.own_first || (key >= s.first && key < s.shared_end));
}

// The queries of a block: the rows of a tile, each with all heads of a key head.
struct query_tile {
  row_tile rows;
  int kv_head;
  int group;

  __device__ int row(int item) const { return rows.begin + item / group; }
  __device__ int head(int item) const { return kv_head * group + item % group; }
  __device__ bool holds(int item) const { return item < tile_rows && row(item) < rows.end &&
                                                 item / group < tile_rows / group; }
};

// Where the queries of a tile begin, or what has their shape; null for what the tile does not hold.
template <class W>
struct query_rows {
  operands<W const> x;
  query_tile tile;
  int head_dim;
  __device__ W const* operator()(int item) const {
    return tile.holds(item) ? &x(tile.row(item), index_t(tile.head(item)) * head_dim) : nullptr;
  }
};

// Where rows [first, end) of one head of x begin.
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

template <int Size>
constexpr int forward_floats = 3 * tile_floats<Size> + tile_floats<tile_rows>;
template <int Size>
constexpr int gradient_floats = 4 * tile_floats<Size> + 2 * tile_floats<tile_rows>;

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
                        query_rows<W>{p.q, tile, p.head_dim});
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
                          head_rows<W>{p.k, first, tile.rows.end, tile.kv_head, p.head_dim});
    cuda::load_tile<Size>(inputs, p.head_dim,
                          head_rows<W>{p.v, first, tile.rows.end, tile.kv_head, p.head_dim});
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
        bool const seen = held && key < tile.rows.end && sees(seen_by, item_row, key);
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

// What the backward pass knows of every row and head.
struct row_facts {
  svf::vector_view<seen_rows const, svf::device_space> seen;
  device_rows log_sums;  // (T, heads)
  device_rows means;     // (T, heads) o · dL/do, the mean of dL/dp under p
};

// A row in one head, and p and dL/dscores of its keys from their products q·k and dL/dp.
struct known_row {
  int row;
  bool held;
  seen_rows seen;
  float log_sum;
  float mean;

  __device__ known_row(row_facts const& facts, int number, int head, bool holds)
      : row(number),
        held(holds),
        seen(holds ? facts.seen[number] : seen_rows{0, 0, 0}),
        log_sum(holds ? facts.log_sums(number, head) : 0.0f),
        mean(holds ? facts.means(number, head) : 0.0f) {}

  __device__ bool sees_key(int key) const { return held && sees(seen, row, key); }
  __device__ float weight(float product, float scale) const {
    return expf(product * scale - log_sum);
  }
  __device__ float dscore(float weight, float dweight, float scale) const {
    return weight * (dweight - mean) * scale;
  }
};

// out(row(i), head(i)·head_dim + d) ← tile(i, d) for the rows that `place` holds, neighbours in d side
// by side.
template <int Size, class Place, class W>
__device__ void write_tile(float const* tile, int head_dim, Place place, operands<W> out) {
  for (int k = int(threadIdx.x); k < tile_rows * Size; k += cuda::block_threads) {
    int const i = k / Size;
    int const d = k % Size;
    if (d < head_dim && place.holds(i)) {
      out(place.row(i), index_t(place.head(i)) * head_dim + d) =
          sc::detail::rounded<W>(tile[i * tile_stride<Size> + d]);
    }
  }
}

template <int Size, class W>
__global__ void __launch_bounds__(cuda::block_threads)
    query_gradient_kernel(problem<W> p, svf::vector_view<row_tile const, svf::device_space> tiles,
                          row_facts facts, operands<W const> dout, operands<W> dq) {
  using products = cuda::products_for<W>;
  extern __shared__ __align__(128) float shared[];
  float* const queries = shared;
  float* const douts = queries + tile_floats<Size>;
  float* const keys = douts + tile_floats<Size>;
  float* const inputs = keys + tile_floats<Size>;
  float* const dscores = inputs + tile_floats<Size>;
  float* const dweights = dscores + tile_floats<tile_rows>;
  query_tile const tile{tiles[blockIdx.x], int(blockIdx.y), p.group};
  cuda::load_tile<Size>(queries, p.head_dim, query_rows<W>{p.q, tile, p.head_dim});
  cuda::load_tile<Size>(douts, p.head_dim, query_rows<W>{dout, tile, p.head_dim});
  typename products::template accumulator<Size> result;
  for (int first = tile.rows.sequence_begin; first < tile.rows.end; first += tile_rows) {
    __syncthreads();
    cuda::load_tile<Size>(keys, p.head_dim,
                          head_rows<W>{p.k, first, tile.rows.end, tile.kv_head, p.head_dim});
    cuda::load_tile<Size>(inputs, p.head_dim,
                          head_rows<W>{p.v, first, tile.rows.end, tile.kv_head, p.head_dim});
    __syncthreads();
    products::template multiply_rows<Size>(queries, keys, dscores);
    products::template multiply_rows<Size>(douts, inputs, dweights);
    __syncthreads();
#pragma unroll
    for (int a = 0; a < per_thread; ++a) {
      int const item = cuda::thread_y() + 16 * a;
      known_row const row(facts, tile.row(item), tile.head(item), tile.holds(item));
#pragma unroll
      for (int b = 0; b < per_thread; ++b) {
        int const key = first + cuda::thread_x() + 16 * b;
        int const place = item * tile_stride<tile_rows> + cuda::thread_x() + 16 * b;
        dscores[place] =
            key < tile.rows.end && row.sees_key(key)
                ? row.dscore(row.weight(dscores[place], p.scale), dweights[place], p.scale)
                : 0.0f;
      }
    }
    __syncthreads();
    products::template multiply_weights<Size>(dscores, keys, result);
  }
  __syncthreads();
  products::template store<Size>(result, queries);
  __syncthreads();
  write_tile<Size>(queries, p.head_dim, tile, dq);
}

// The keys of a block: rows of one key head.
struct key_tile {
  row_tile rows;
  int kv_head;

  __device__ int row(int i) const { return rows.begin + i; }
  __device__ int head(int) const { return kv_head; }
  __device__ bool holds(int i) const { return row(i) < rows.end; }
};

// A block owns the keys of a tile and goes over all rows of the sequence from there on, head by
// head: what sees a key comes after it.
template <int Size, class W>
__global__ void __launch_bounds__(cuda::block_threads)
    key_gradient_kernel(problem<W> p, svf::vector_view<row_tile const, svf::device_space> tiles,
                        row_facts facts, operands<W const> dout, operands<W> dk, operands<W> dv) {
  using products = cuda::products_for<W>;
  extern __shared__ __align__(128) float shared[];
  float* const keys = shared;
  float* const inputs = keys + tile_floats<Size>;
  float* const queries = inputs + tile_floats<Size>;
  float* const douts = queries + tile_floats<Size>;
  float* const weights = douts + tile_floats<Size>;  // of a key in a row
  float* const dscores = weights + tile_floats<tile_rows>;
  key_tile const tile{tiles[blockIdx.x], int(blockIdx.y)};
  row_tile const rows = tile.rows;
  cuda::load_tile<Size>(keys, p.head_dim,
                        head_rows<W>{p.k, rows.begin, rows.end, tile.kv_head, p.head_dim});
  cuda::load_tile<Size>(inputs, p.head_dim,
                        head_rows<W>{p.v, rows.begin, rows.end, tile.kv_head, p.head_dim});
  typename products::template accumulator<Size> dkeys;
  typename products::template accumulator<Size> dinputs;
  for (int head = tile.kv_head * p.group; head < (tile.kv_head + 1) * p.group; ++head) {
    for (int first = rows.begin; first < rows.sequence_end; first += tile_rows) {
      __syncthreads();
      cuda::load_tile<Size>(queries, p.head_dim,
                            head_rows<W>{p.q, first, rows.sequence_end, head, p.head_dim});
      cuda::load_tile<Size>(douts, p.head_dim,
                            head_rows<W>{dout, first, rows.sequence_end, head, p.head_dim});
      __syncthreads();
      products::template multiply_rows<Size>(keys, queries, weights);
      products::template multiply_rows<Size>(inputs, douts, dscores);
      __syncthreads();
#pragma unroll
      for (int b = 0; b < per_thread; ++b) {
        int const number = first + cuda::thread_x() + 16 * b;
        known_row const row(facts, number, head, number < rows.sequence_end);
#pragma unroll
        for (int a = 0; a < per_thread; ++a) {
          int const i = cuda::thread_y() + 16 * a;
          int const place = i * tile_stride<tile_rows> + cuda::thread_x() + 16 * b;
          bool const seen = tile.holds(i) && row.sees_key(tile.row(i));
          float const weight = seen ? row.weight(weights[place], p.scale) : 0.0f;
          weights[place] = weight;
          dscores[place] = seen ? row.dscore(weight, dscores[place], p.scale) : 0.0f;
        }
      }
      __syncthreads();
      products::template multiply_weights<Size>(weights, douts, dinputs);
      products::template multiply_weights<Size>(dscores, queries, dkeys);
    }
  }
  __syncthreads();
  products::template store<Size>(dkeys, queries);
  products::template store<Size>(dinputs, douts);
  __syncthreads();
  write_tile<Size>(queries, p.head_dim, tile, dk);
  write_tile<Size>(douts, p.head_dim, tile, dv);
}

template <class W>
struct mean_gradient {
  operands<W const> out;
  operands<W const> dout;
  mutable_device_rows means;
  int head_dim;
  __device__ void operator()(index_t row, index_t head) const {
    float sum = 0.0f;
    for (int d = 0; d < head_dim; ++d) {
      sum += float(out(row, head * head_dim + d)) * float(dout(row, head * head_dim + d));
    }
    means(row, head) = sum;
  }
};

constexpr int most_head_dim = 128;
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

void expect_heads(config const& c) {
  svf::expects(c.head_dim <= most_head_dim && c.heads / c.kv_heads <= tile_rows,
               svf::error_kind::shape, "attention: expected heads of at most ", most_head_dim,
               " elements and at most ", tile_rows, " query heads to a key head on a CUDA device, ",
               "got ", c.head_dim, " and ", c.heads / c.kv_heads);
}

template <class W>
problem<W> problem_of(config const& c, attention_tables const& batch, operands<W const> q,
                      operands<W const> k, operands<W const> v) {
  expect_heads(c);
  return {q, k, v, batch.seen.view(), int(c.head_dim), int(c.heads / c.kv_heads),
          1.0f / std::sqrt(float(c.head_dim))};
}

// body(std::integral_constant) with the smallest size of a tile's row that holds a head.
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
  sc::detail::on_device const here(exec.device());
  auto const bytes = floats * int(sizeof(float));
  sc::detail::check(
      cudaFuncSetAttribute(kernel, cudaFuncAttributeMaxDynamicSharedMemorySize, bytes),
      "cudaFuncSetAttribute");
  kernel<<<dim3(unsigned(tiles), unsigned(heads)), cuda::block_threads, std::size_t(bytes),
           exec.stream()>>>(args...);
  sc::detail::check(cudaGetLastError(), "attention");
}

}  // namespace

attention_tables plan_attention(svf::cuda::stream_policy& exec, config const& c,
                                token_batch const& batch) {
  svf::expects(batch.rows() <= std::numeric_limits<int>::max(), svf::error_kind::shape,
               "attention: expected at most 2^31 - 1 rows in a batch, got ", batch.rows());
  expect_heads(c);
  std::vector<seen_rows> seen(std::size_t(batch.rows()));
  std::vector<row_tile> query_tiles;
  std::vector<row_tile> key_tiles;
  int const query_rows = tile_rows / int(c.heads / c.kv_heads);
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
    for (int first = begin; first < end; first += tile_rows) {
      key_tiles.push_back({first, std::min(first + tile_rows, end), begin, end});
    }
  }
  return {svf::vector_on(exec, seen), svf::vector_on(exec, query_tiles),
          svf::vector_on(exec, key_tiles)};
}

template <class W>
void attention(svf::cuda::stream_policy& exec, config const& c, attention_tables const& batch,
               svf::matrix_view<W const, svf::device_space> q,
               svf::matrix_view<W const, svf::device_space> k,
               svf::matrix_view<W const, svf::device_space> v,
               svf::matrix_view<W, svf::device_space> out, mutable_device_rows log_sums) {
  auto const p = problem_of(c, batch, q, k, v);
  with_size(c, [&](auto size) {
    launch(exec, attention_kernel<size(), W>, batch.query_tiles.size(), c.kv_heads,
           forward_floats<size()>, p, batch.query_tiles.view(), out, log_sums);
  });
}

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
                        svf::matrix_view<W, svf::device_space> dv) {
  auto const p = problem_of(c, batch, q, k, v);
  auto means = svf::make_matrix<float>(exec, q.rows, c.heads);
  sc::detail::for_each_element(exec, q.rows, c.heads,
                               mean_gradient<W>{out, dout, means.view(), int(c.head_dim)});
  row_facts const facts{batch.seen.view(), log_sums, as_const(means.view())};
  with_size(c, [&](auto size) {
    launch(exec, query_gradient_kernel<size(), W>, batch.query_tiles.size(), c.kv_heads,
           gradient_floats<size()>, p, batch.query_tiles.view(), facts, dout, dq);
    launch(exec, key_gradient_kernel<size(), W>, batch.key_tiles.size(), c.kv_heads,
           gradient_floats<size()>, p, batch.key_tiles.view(), facts, dout, dk, dv);
  });
}

template <class W>
void cached_attention(svf::cuda::stream_policy& exec, config const& c, index_t past,
                      svf::matrix_view<W const, svf::device_space> q,
                      svf::matrix_view<W const, svf::device_space> k,
                      svf::matrix_view<W const, svf::device_space> v,
                      svf::matrix_view<W, svf::device_space> out) {
  expect_heads(c);
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

#define SVFMATH_INSTANTIATE(W)                                                                    \
  template void attention(svf::cuda::stream_policy&, config const&, attention_tables const&,      \
                          operands<W const>, operands<W const>, operands<W const>, operands<W>,   \
                          mutable_device_rows);                                                   \
  template void attention_backward(                                                               \
      svf::cuda::stream_policy&, config const&, attention_tables const&, operands<W const>,       \
      operands<W const>, operands<W const>, operands<W const>, device_rows, operands<W const>,    \
      operands<W>, operands<W>, operands<W>);                                                     \
  template void cached_attention(svf::cuda::stream_policy&, config const&, index_t,               \
                                 operands<W const>, operands<W const>, operands<W const>,         \
                                 operands<W>)
SVFMATH_INSTANTIATE(float);
SVFMATH_INSTANTIATE(svf::bfloat16);
#undef SVFMATH_INSTANTIATE

}  // namespace llama
