// SPDX-License-Identifier: Apache-2.0
#include <cuda_runtime.h>

#include <svfmath/core/half.hpp>
#include <svfmath/core/matrix.hpp>

#include "attention.hpp"
#include "attention_problem.cuh"

namespace llama {

namespace {

namespace sc = svf::cuda;
using cuda::operands;
using cuda::per_thread;
using cuda::problem;
using cuda::query_tile;
using cuda::tile_floats;
using cuda::tile_rows;
using cuda::tile_stride;

template <int Size>
constexpr int gradient_floats = 4 * tile_floats<Size> + 2 * tile_floats<tile_rows>;

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

  __device__ bool sees_key(int key) const { return held && cuda::sees(seen, row, key); }
  __device__ float weight(float product, float scale) const {
    return expf(product * scale - log_sum);
  }
  __device__ float dscore(float weight, float dweight, float scale) const {
    return weight * (dweight - mean) * scale;
  }
};

// out(row(i), head(i)·head_dim + d) ← tile(i, d) for the rows that `place` holds, neighbours in d
// side by side.
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
  cuda::load_tile<Size>(queries, p.head_dim, cuda::query_rows<W>{p.q, tile, p.head_dim});
  cuda::load_tile<Size>(douts, p.head_dim, cuda::query_rows<W>{dout, tile, p.head_dim});
  typename products::template accumulator<Size> result;
  for (int first = tile.rows.sequence_begin; first < tile.rows.end; first += tile_rows) {
    __syncthreads();
    cuda::load_tile<Size>(keys, p.head_dim,
                          cuda::head_rows<W>{p.k, first, tile.rows.end, tile.kv_head, p.head_dim});
    cuda::load_tile<Size>(inputs, p.head_dim,
                          cuda::head_rows<W>{p.v, first, tile.rows.end, tile.kv_head, p.head_dim});
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
                        cuda::head_rows<W>{p.k, rows.begin, rows.end, tile.kv_head, p.head_dim});
  cuda::load_tile<Size>(inputs, p.head_dim,
                        cuda::head_rows<W>{p.v, rows.begin, rows.end, tile.kv_head, p.head_dim});
  typename products::template accumulator<Size> dkeys;
  typename products::template accumulator<Size> dinputs;
  for (int head = tile.kv_head * p.group; head < (tile.kv_head + 1) * p.group; ++head) {
    for (int first = rows.begin; first < rows.sequence_end; first += tile_rows) {
      __syncthreads();
      cuda::load_tile<Size>(queries, p.head_dim,
                            cuda::head_rows<W>{p.q, first, rows.sequence_end, head, p.head_dim});
      cuda::load_tile<Size>(douts, p.head_dim,
                            cuda::head_rows<W>{dout, first, rows.sequence_end, head, p.head_dim});
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

}  // namespace

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
  auto const p = cuda::problem_of(c, batch, q, k, v);
  auto means = svf::make_matrix<float>(exec, q.rows, c.heads);
  sc::detail::for_each_element(exec, q.rows, c.heads,
                               mean_gradient<W>{out, dout, means.view(), int(c.head_dim)});
  row_facts const facts{batch.seen.view(), log_sums, as_const(means.view())};
  cuda::with_size(c, [&](auto size) {
    cuda::launch(exec, query_gradient_kernel<size(), W>, batch.query_tiles.size(), c.kv_heads,
           gradient_floats<size()>, p, batch.query_tiles.view(), facts, dout, dq);
    cuda::launch(exec, key_gradient_kernel<size(), W>, batch.key_tiles.size(), c.kv_heads,
           gradient_floats<size()>, p, batch.key_tiles.view(), facts, dout, dk, dv);
  });
}

template void attention_backward(svf::cuda::stream_policy&, config const&, attention_tables const&,
                                 operands<float const>, operands<float const>,
                                 operands<float const>, operands<float const>,
                                 device_rows, operands<float const>,
                                 operands<float>, operands<float>, operands<float>);
template void attention_backward(svf::cuda::stream_policy&, config const&, attention_tables const&,
                                 operands<svf::bfloat16 const>, operands<svf::bfloat16 const>,
                                 operands<svf::bfloat16 const>, operands<svf::bfloat16 const>,
                                 device_rows, operands<svf::bfloat16 const>,
                                 operands<svf::bfloat16>, operands<svf::bfloat16>,
                                 operands<svf::bfloat16>);

}  // namespace llama
