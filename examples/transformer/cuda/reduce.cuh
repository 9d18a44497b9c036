// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cuda_runtime.h>

/// Sums and maxima over the threads of a block, whose number is a multiple of 32. Every thread gets
/// the result; the order is fixed.
namespace llama::cuda {

struct add {
  template <class T>
  __device__ T operator()(T a, T b) const { return a + b; }
};
struct larger {
  __device__ float operator()(float a, float b) const { return fmaxf(a, b); }
};

/// Over every group of `Width` neighbours of a warp.
template <int Width = 32, class T, class Combine>
__device__ T reduce_warp(T value, Combine combine) {
  for (int distance = Width / 2; distance > 0; distance /= 2) {
    value = combine(value, __shfl_xor_sync(0xffffffffu, value, distance));
  }
  return value;
}

template <class T, class Combine>
__device__ T reduce_block(T value, T neutral, Combine combine) {
  __shared__ T parts[32];
  int const lane = int(threadIdx.x) % 32;
  int const warp = int(threadIdx.x) / 32;
  value = reduce_warp(value, combine);
  if (lane == 0) {
    parts[warp] = value;
  }
  __syncthreads();
  value = lane < int(blockDim.x) / 32 ? parts[lane] : neutral;
  value = reduce_warp(value, combine);
  __syncthreads();  // before the next call writes
  return value;
}

}  // namespace llama::cuda
