// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cuda_runtime.h>

#include <svfmath/core/view.hpp>

/// Products of tiles of 64 rows in shared memory by a block of 16×16 threads, from which attention's
/// kernels are made. A thread of column x and row y holds of a 64×64 product the elements
/// (y + 16a, x + 16b), of a 64×Size product (y + 16a, x·Size/16 + e).
namespace llama::cuda {

inline constexpr int tile_rows = 64;
inline constexpr int block_threads = 256;
inline constexpr int per_thread = tile_rows / 16;

/// A row of a tile is followed by 4 unused floats, so that 8 threads that read 16 bytes each from 8
/// rows find them in different banks.
template <int Size>
inline constexpr int tile_stride = Size + 4;
template <int Size>
inline constexpr int tile_floats = tile_rows * tile_stride<Size>;

struct alignas(16) four {
  float values[4];
};

__device__ inline four const& four_at(float const* from) {
  return *reinterpret_cast<four const*>(from);
}

__device__ inline int thread_x() { return int(threadIdx.x) % 16; }
__device__ inline int thread_y() { return int(threadIdx.x) / 16; }

/// tile(i,:) ← the elements `at(i, d)` for d < size, zero for the rest of the row.
template <int Size, class At>
__device__ void load_tile(float* tile, int size, At at) {
  for (int k = int(threadIdx.x); k < tile_rows * Size; k += block_threads) {
    int const i = k / Size;
    int const d = k % Size;
    tile[i * tile_stride<Size> + d] = d < size ? at(i, d) : 0.0f;
  }
}

/// sums[a][b] += Σ_d left(y + 16a, d) · right(x + 16b, d).
template <int Size>
__device__ void multiply_rows(float const* left, float const* right,
                              float (&sums)[per_thread][per_thread]) {
  float const* const l = left + thread_y() * tile_stride<Size>;
  float const* const r = right + thread_x() * tile_stride<Size>;
#pragma unroll 4
  for (int d = 0; d < Size; d += 4) {
    four lefts[per_thread];
    four rights[per_thread];
#pragma unroll
    for (int a = 0; a < per_thread; ++a) {
      lefts[a] = four_at(l + 16 * a * tile_stride<Size> + d);
      rights[a] = four_at(r + 16 * a * tile_stride<Size> + d);
    }
#pragma unroll
    for (int a = 0; a < per_thread; ++a) {
#pragma unroll
      for (int b = 0; b < per_thread; ++b) {
#pragma unroll
        for (int e = 0; e < 4; ++e) {
          sums[a][b] += lefts[a].values[e] * rights[b].values[e];
        }
      }
    }
  }
}

/// sums[a][e] += Σ_j weights(y + 16a, j) · right(j, x·Size/16 + e), where `weights` is 64×64.
template <int Size>
__device__ void multiply_weights(float const* weights, float const* right,
                                 float (&sums)[per_thread][Size / 16]) {
  constexpr int width = Size / 16;
  float const* const w = weights + thread_y() * tile_stride<tile_rows>;
  float const* const r = right + thread_x() * width;
#pragma unroll 2
  for (int j = 0; j < tile_rows; j += 4) {
    four lefts[per_thread];
#pragma unroll
    for (int a = 0; a < per_thread; ++a) {
      lefts[a] = four_at(w + 16 * a * tile_stride<tile_rows> + j);
    }
#pragma unroll
    for (int k = 0; k < 4; ++k) {
      float rights[width];
#pragma unroll
      for (int e = 0; e < width; ++e) {
        rights[e] = r[(j + k) * tile_stride<Size> + e];
      }
#pragma unroll
      for (int a = 0; a < per_thread; ++a) {
#pragma unroll
        for (int e = 0; e < width; ++e) {
          sums[a][e] += lefts[a].values[k] * rights[e];
        }
      }
    }
  }
}

/// Over the 16 threads that hold a row.
__device__ inline float row_max(float value) {
  for (int distance = 8; distance > 0; distance /= 2) {
    value = fmaxf(value, __shfl_xor_sync(0xffffffffu, value, distance));
  }
  return value;
}
__device__ inline float row_sum(float value) {
  for (int distance = 8; distance > 0; distance /= 2) {
    value += __shfl_xor_sync(0xffffffffu, value, distance);
  }
  return value;
}

}  // namespace llama::cuda
