// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>

#include <cooperative_groups.h>
#include <cuda_runtime.h>

#include <svfmath/core/half.hpp>
#include <svfmath/core/view.hpp>
#include <svfmath/cuda/detail/early_launch.cuh>
#include <svfmath/cuda/detail/packs.cuh>
#include <svfmath/cuda/detail/status.hpp>
#include <svfmath/cuda/detail/tensor_cores.cuh>
#include <svfmath/cuda/policy.hpp>

/// Y(i,j) = (X Vᵀ)(i,j) · D(rows(i),j) for few rows of 16-bit numbers, as when many experts answer
/// one token each. Such a product takes as long as reading V takes. A block reads a tile of V for
/// all rows of X, over a quarter of the sum; four blocks (a cluster) then add their quarters, in
/// this order, scale and round. The pieces of V and X arrive in a ring of buffers, many of them on
/// their way at any time.
namespace svf::cuda::detail {

/// Sizes in elements. A row of a piece is padded so that 8 rows begin in different banks.
struct selected_product_tile {
  static constexpr int rows = 64;   ///< of X and Y: the most that the product takes
  static constexpr int cols = 128;  ///< of Y: rows of V
  static constexpr int depth = 64;  ///< of a piece
  static constexpr int pitch = depth + 8;
  static constexpr int sum_pitch = cols + 4;
  static constexpr int splits = 4;  ///< of the sum: blocks of a cluster
  static constexpr int threads = 256;
  static constexpr int stages = 6;
  static constexpr std::size_t bytes = std::size_t(stages * (rows + cols) * pitch) * 2;
};

/// The piece of `Rows` rows that begins at (row, col) starts to arrive in `to`, zero beyond the
/// matrix.
template <int Rows, class H>
__device__ void fetch_piece(matrix_view<H const, device_space> from, index_t row, index_t col,
                            H* to) {
  using tile = selected_product_tile;
  constexpr int threads_of_row = tile::depth / 8;
  int const j = int(threadIdx.x) % threads_of_row * 8;
#pragma unroll
  for (int k = 0; k < Rows; k += tile::threads / threads_of_row) {
    int const i = k + int(threadIdx.x) / threads_of_row;
    bool const inside = row + i < from.rows && col + j < from.cols;
    begin_copy(to + i * tile::pitch + j,
               inside ? from.data + (row + i) * from.ld + col + j : from.data, inside);
  }
}

/// Adds the products of one piece to the 32 x 32 sums of a warp, whose rows of X and V begin at
/// `xs` and `vs`.
template <class H>
__device__ void add_piece(float (&sums)[2][4][4], H const* xs, H const* vs) {
  using tile = selected_product_tile;
  int const lane = int(threadIdx.x) % 32;
  H const* const x_row = xs + lane % 16 * tile::pitch + lane / 16 * 8;
  H const* const v_row = vs + (lane % 8 + lane / 16 * 8) * tile::pitch + lane / 8 % 2 * 8;
#pragma unroll
  for (int k = 0; k < tile::depth; k += 16) {
    std::uint32_t x[2][4];
    std::uint32_t v[2][4];
#pragma unroll
    for (int half = 0; half < 2; ++half) {
      load_blocks(x[half], x_row + half * 16 * tile::pitch + k);
      load_blocks(v[half], v_row + half * 16 * tile::pitch + k);
    }
#pragma unroll
    for (int i = 0; i < 2; ++i) {
#pragma unroll
      for (int j = 0; j < 4; ++j) {
        multiply_add<H>(sums[i][j], x[i], v[j / 2][j % 2 * 2], v[j / 2][j % 2 * 2 + 1]);
      }
    }
  }
}

template <class H, class D>
__global__ void __launch_bounds__(selected_product_tile::threads)
    selected_product_kernel(matrix_view<H const, device_space> x,
                            matrix_view<H const, device_space> v,
                            matrix_view<D const, device_space> d,
                            vector_view<index_t const, device_space> rows,
                            matrix_view<H, device_space> y) {
#if defined(__CUDA_ARCH__) && __CUDA_ARCH__ >= 900
  using tile = selected_product_tile;
  extern __shared__ __align__(128) unsigned char memory[];
  auto* const pieces_x = reinterpret_cast<H*>(memory);
  auto* const pieces_v = pieces_x + tile::stages * tile::rows * tile::pitch;
  wait_for_predecessors();

  index_t const first_col = index_t(blockIdx.y) * tile::cols;
  int const all = int((x.cols + tile::depth - 1) / tile::depth);
  int const share = (all + tile::splits - 1) / tile::splits;
  int const begin = int(blockIdx.x) * share;
  // Pieces beyond the last one are zero: they lie beyond the matrix.
  auto const fetch = [&](int k) {
    if (k < share) {
      int const stage = k % tile::stages;
      index_t const at = index_t(begin + k) * tile::depth;
      fetch_piece<tile::rows>(x, 0, at, pieces_x + stage * tile::rows * tile::pitch);
      fetch_piece<tile::cols>(v, first_col, at, pieces_v + stage * tile::cols * tile::pitch);
    }
    end_copy_group();
  };
  for (int k = 0; k < tile::stages - 1; ++k) {
    fetch(k);
  }

  int const warp = int(threadIdx.x) / 32;
  int const top = warp % 2 * 32;
  int const left = warp / 2 * 32;
  float sums[2][4][4] = {};
  for (int k = 0; k < share; ++k) {
    wait_for_copies<tile::stages - 2>();
    __syncthreads();  // piece k is there, and all have done with piece k - 1
    fetch(k + tile::stages - 1);
    int const stage = k % tile::stages;
    add_piece(sums, pieces_x + (stage * tile::rows + top) * tile::pitch,
              pieces_v + (stage * tile::cols + left) * tile::pitch);
  }

  __syncthreads();  // the ring is not needed any more
  auto* const partial = reinterpret_cast<float*>(memory);
  int const lane = int(threadIdx.x) % 32;
#pragma unroll
  for (int i = 0; i < 2; ++i) {
#pragma unroll
    for (int j = 0; j < 4; ++j) {
      float* const at =
          partial + (top + 16 * i + lane / 4) * tile::sum_pitch + left + 8 * j + lane % 4 * 2;
      *reinterpret_cast<float2*>(at) = {sums[i][j][0], sums[i][j][1]};
      *reinterpret_cast<float2*>(at + 8 * tile::sum_pitch) = {sums[i][j][2], sums[i][j][3]};
    }
  }
  auto const cluster = cooperative_groups::this_cluster();
  cluster.sync();
  // Each block finishes a quarter of the rows, each thread 8 neighbours of a row.
  int const i = int(blockIdx.x) * (tile::rows / tile::splits) + int(threadIdx.x) / 16;
  int const j = int(threadIdx.x) % 16 * 8;
  if (i < y.rows && first_col + j < y.cols) {
    float total[8] = {};
    for (int split = 0; split < tile::splits; ++split) {
      auto const* const from = reinterpret_cast<float4 const*>(
          cluster.map_shared_rank(partial, unsigned(split)) + i * tile::sum_pitch + j);
      float4 const low = from[0];
      float4 const high = from[1];
      total[0] += low.x;
      total[1] += low.y;
      total[2] += low.z;
      total[3] += low.w;
      total[4] += high.x;
      total[5] += high.y;
      total[6] += high.z;
      total[7] += high.w;
    }
    index_t const choice = rows[i];
    pack<H, 8> out;
    for (unsigned e = 0; e < 8; ++e) {
      out.values[e] = rounded<H>(total[e] * d(choice, first_col + j + e));
    }
    write(out, reinterpret_cast<pack<H, 8>*>(&y(i, first_col + j)));
  }
  cluster.sync();  // nobody leaves while others read its sums
#endif
}

/// Whether `selected_product` can and should do it.
template <class H>
bool fits_selected_product(stream_policy& exec, matrix_view<H const, device_space> x,
                           matrix_view<H const, device_space> v, matrix_view<H, device_space> y) {
  return half_scalar<H> && x.rows <= selected_product_tile::rows && x.cols >= 1024 &&
         x.cols % 8 == 0 && y.cols % 8 == 0 && has_packs<8>(x) && has_packs<8>(v) &&
         has_packs<8>(y) && major_capability(exec) >= 9;
}

template <class H, class D>
void selected_product(stream_policy& exec, matrix_view<H const, device_space> x,
                      matrix_view<H const, device_space> v, matrix_view<D const, device_space> d,
                      vector_view<index_t const, device_space> rows,
                      matrix_view<H, device_space> y) {
  using tile = selected_product_tile;
  auto* const kernel = selected_product_kernel<H, D>;
  on_device const here(exec.device());
  check(cudaFuncSetAttribute(kernel, cudaFuncAttributeMaxDynamicSharedMemorySize, int(tile::bytes)),
        "cudaFuncSetAttribute");
  auto const tiles = unsigned((y.cols + tile::cols - 1) / tile::cols);
  launch_early(exec, {dim3(tile::splits, tiles), tile::threads, tile::bytes, tile::splits}, kernel,
               x, v, d, rows, y);
}

}  // namespace svf::cuda::detail
