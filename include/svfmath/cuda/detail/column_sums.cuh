// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cuda_runtime.h>

#include <svfmath/core/view.hpp>
#include <svfmath/cuda/detail/status.hpp>
#include <svfmath/cuda/policy.hpp>

/// d(j) = Σ_i A(i,j) B(i,j) by blocks of 32 warps for 32 columns each. Every thread sums each 32nd
/// row in double; the 32 sums of a column are added in the order of a tree.
namespace svf::cuda::detail {

inline constexpr unsigned warp = 32;

__device__ inline double sum_of_warp(double value) {
  for (unsigned offset = warp / 2; offset > 0; offset /= 2) {
    value += __shfl_down_sync(0xFFFFFFFFu, value, offset);
  }
  return value;
}

/// For columns that are contiguous: a warp runs along each.
template <class A, class B, class D>
__global__ void dots_along_columns(matrix_view<A, device_space> a, matrix_view<B, device_space> b,
                                   vector_view<D, device_space> d) {
  index_t const j = index_t(blockIdx.x) * warp + threadIdx.y;
  double sum = 0.0;
  if (j < a.cols) {
    for (index_t i = threadIdx.x; i < a.rows; i += warp) {
      sum += double(a(i, j)) * double(b(i, j));
    }
  }
  sum = sum_of_warp(sum);
  if (threadIdx.x == 0 && j < a.cols) {
    d[j] = static_cast<D>(sum);
  }
}

/// For rows that are contiguous: a warp runs across 32 columns.
template <class A, class B, class D>
__global__ void dots_across_columns(matrix_view<A, device_space> a, matrix_view<B, device_space> b,
                                    vector_view<D, device_space> d) {
  __shared__ double sums[warp][warp + 1];
  index_t const j = index_t(blockIdx.x) * warp + threadIdx.x;
  double sum = 0.0;
  if (j < a.cols) {
    for (index_t i = threadIdx.y; i < a.rows; i += warp) {
      sum += double(a(i, j)) * double(b(i, j));
    }
  }
  sums[threadIdx.y][threadIdx.x] = sum;
  __syncthreads();
  double const total = sum_of_warp(sums[threadIdx.x][threadIdx.y]);
  index_t const column = index_t(blockIdx.x) * warp + threadIdx.y;
  if (threadIdx.x == 0 && column < a.cols) {
    d[column] = static_cast<D>(total);
  }
}

template <class A, class B, class D>
void launch_column_dots(stream_policy& exec, matrix_view<A, device_space> a,
                        matrix_view<B, device_space> b, vector_view<D, device_space> d) {
  if (a.cols == 0) {
    return;
  }
  dim3 const block(warp, warp);
  auto const blocks = unsigned((a.cols + warp - 1) / warp);
  on_device const here(exec.device());
  if (a.layout == order::col_major) {
    dots_along_columns<<<blocks, block, 0, exec.stream()>>>(a, b, d);
  } else {
    dots_across_columns<<<blocks, block, 0, exec.stream()>>>(a, b, d);
  }
  check(cudaGetLastError(), "column_dots");
}

}  // namespace svf::cuda::detail
