// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>

#include <cuda_runtime.h>

#include <svfmath/core/view.hpp>
#include <svfmath/cuda/detail/status.hpp>
#include <svfmath/cuda/policy.hpp>

/// One kernel for everything that treats the elements of a matrix one by one, and what it does to
/// an element.
namespace svf::cuda::detail {

template <class F>
__global__ void elements_kernel(index_t rows, index_t cols, F f) {
  for (index_t i = index_t(blockIdx.y) * blockDim.y + threadIdx.y; i < rows;
       i += index_t(gridDim.y) * blockDim.y) {
    for (index_t j = index_t(blockIdx.x) * blockDim.x + threadIdx.x; j < cols;
         j += index_t(gridDim.x) * blockDim.x) {
      f(i, j);
    }
  }
}

/// Calls f(i,j) for every element in any order; neighbours in j run side by side.
template <class F>
void for_each_element(stream_policy& exec, index_t rows, index_t cols, F f) {
  if (rows == 0 || cols == 0) {
    return;
  }
  // Narrow matrices take tall blocks, so that no more than half of the threads has nothing to do.
  unsigned width = 32;
  while (width > 1 && index_t(width / 2) >= cols) {
    width /= 2;
  }
  dim3 const block(width, 256 / width);
  auto const blocks = [](index_t extent, unsigned size) {
    return unsigned(std::min<index_t>((extent + size - 1) / size, 65535));
  };
  on_device const here(exec.device());
  elements_kernel<<<dim3(blocks(cols, block.x), blocks(rows, block.y)), block, 0, exec.stream()>>>(
      rows, cols, f);
  check(cudaGetLastError(), "elements_kernel");
}

template <class A, class B>
struct assign_element {
  matrix_view<A, device_space> a;
  matrix_view<B, device_space> b;
  __device__ void operator()(index_t i, index_t j) const { b(i, j) = static_cast<B>(a(i, j)); }
};

/// B(i,j) ← A(i,j) · f(ByRow ? i : j).
template <bool ByRow, class A, class F, class B>
struct scale_element {
  matrix_view<A, device_space> a;
  F f;
  matrix_view<B, device_space> b;
  __device__ void operator()(index_t i, index_t j) const {
    b(i, j) = static_cast<B>(a(i, j) * f(ByRow ? i : j));
  }
};

template <class A, class D, class B>
struct scale_by_selection {
  matrix_view<A, device_space> a;
  matrix_view<D, device_space> d;
  vector_view<index_t const, device_space> rows;
  matrix_view<B, device_space> b;
  __device__ void operator()(index_t i, index_t j) const {
    b(i, j) = static_cast<B>(a(i, j) * d(rows[i], j));
  }
};

template <class W, class T>
struct scale_or_clear {
  W beta;
  matrix_view<T, device_space> c;
  __device__ void operator()(index_t i, index_t j) const {
    c(i, j) = static_cast<T>(beta == W(0) ? W(0) : beta * c(i, j));
  }
};

template <class T>
struct mirror_element {
  matrix_view<T, device_space> g;
  __device__ void operator()(index_t i, index_t j) const {
    if (i < j) {
      g(i, j) = g(j, i);
    }
  }
};

template <class A, class B>
struct gather_element {
  matrix_view<A, device_space> a;
  vector_view<index_t const, device_space> rows;
  matrix_view<B, device_space> b;
  __device__ void operator()(index_t j, index_t k) const {
    b(j, k) = static_cast<B>(a(rows[j], k));
  }
};

template <class A, class F, class B>
struct gather_scaled_element {
  matrix_view<A, device_space> a;
  vector_view<index_t const, device_space> rows;
  vector_view<F const, device_space> factors;
  matrix_view<B, device_space> b;
  __device__ void operator()(index_t j, index_t k) const {
    b(j, k) = static_cast<B>(factors[j] * a(rows[j], k));
  }
};

}  // namespace svf::cuda::detail
