// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cuda_runtime.h>

#include <svfmath/core/view.hpp>
#include <svfmath/cuda/detail/status.hpp>
#include <svfmath/cuda/policy.hpp>

/// out(i) = combine over j of f(i,j), by one block for each row. Every thread combines each 256th
/// column, and the 256 values are combined in the order of a tree. A single row gets 1024 threads.
namespace svf::cuda::detail {

inline constexpr unsigned row_threads = 256;
inline constexpr unsigned single_row_threads = 1024;

template <unsigned Threads, class T, class F, class Combine>
__global__ void __launch_bounds__(Threads)
    reduce_rows_kernel(vector_view<T, device_space> out, index_t cols, T init, F f,
                       Combine combine) {
  __shared__ T values[Threads];
  for (index_t i = blockIdx.x; i < out.size; i += gridDim.x) {
    T value = init;
    for (index_t j = threadIdx.x; j < cols; j += Threads) {
      value = combine(value, static_cast<T>(f(i, j)));
    }
    values[threadIdx.x] = value;
    for (unsigned half = Threads / 2; half > 0; half /= 2) {
      __syncthreads();
      if (threadIdx.x < half) {
        values[threadIdx.x] = combine(values[threadIdx.x], values[threadIdx.x + half]);
      }
    }
    if (threadIdx.x == 0) {
      out[i] = values[0];
    }
    __syncthreads();
  }
}

/// f(j) for every row.
template <class F>
struct ignore_row {
  F f;
  __device__ auto operator()(index_t, index_t j) const { return f(j); }
};

template <class T, class F, class Combine>
void launch_reduce_rows(stream_policy& exec, vector_view<T, device_space> out, index_t cols, T init,
                        F f, Combine combine) {
  if (out.size == 0) {
    return;
  }
  auto const blocks = unsigned(out.size < 65535 ? out.size : 65535);
  on_device const here(exec.device());
  if (out.size == 1) {
    reduce_rows_kernel<single_row_threads>
        <<<1, single_row_threads, 0, exec.stream()>>>(out, cols, init, f, combine);
  } else {
    reduce_rows_kernel<row_threads>
        <<<blocks, row_threads, 0, exec.stream()>>>(out, cols, init, f, combine);
  }
  check(cudaGetLastError(), "reduce_rows");
}

}  // namespace svf::cuda::detail
