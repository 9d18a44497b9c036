// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstdint>
#include <type_traits>

#include <cuda_bf16.h>
#include <cuda_fp16.h>
#include <cuda_runtime.h>

#include <svfmath/core/half.hpp>
#include <svfmath/core/view.hpp>
#include <svfmath/cuda/detail/status.hpp>
#include <svfmath/cuda/policy.hpp>

/// Element-wise maps of matrices that lie row by row, by packs of 16 bytes: what reaches the
/// bandwidth of the memory with elements of 2 and 4 bytes.
namespace svf::cuda::detail {

template <class T, unsigned N>
struct alignas(sizeof(T) * N) pack {
  T values[N];
};

/// Elements in a pack of 16 bytes of the larger type.
template <class A, class B>
inline constexpr unsigned pack_size = unsigned(16 / std::max(sizeof(A), sizeof(B)));

/// Whether the rows of x begin at whole packs of N elements.
template <unsigned N, class X>
bool has_packs(matrix_view<X, device_space> x) {
  return x.layout == order::row_major && x.ld % index_t(N) == 0 &&
         reinterpret_cast<std::uintptr_t>(x.data) % (N * sizeof(X)) == 0;
}

template <class A, class B>
bool fits_packs(matrix_view<A, device_space> a, matrix_view<B, device_space> b) {
  constexpr unsigned n = pack_size<A, B>;
  return a.cols % index_t(n) == 0 && has_packs<n>(a) && has_packs<n>(b);
}

/// x rounded to B, in one instruction for the 16-bit types.
template <class B, class X>
__device__ B rounded(X x) {
  if constexpr (std::is_same_v<B, bfloat16>) {
    return __builtin_bit_cast(bfloat16, __bfloat16_as_ushort(__float2bfloat16_rn(float(x))));
  } else if constexpr (std::is_same_v<B, float16>) {
    return __builtin_bit_cast(float16, __half_as_ushort(__float2half_rn(float(x))));
  } else {
    return static_cast<B>(x);
  }
}

/// 16 bytes that are read once: they are not to push what is written out of the cache.
template <class P>
__device__ P read_once(P const* from) {
  if constexpr (sizeof(P) == sizeof(float4)) {
    return __builtin_bit_cast(P, __ldcs(reinterpret_cast<float4 const*>(from)));
  } else {
    return *from;
  }
}

/// 8 or 16 bytes by one instruction: the compiler takes some stores of a struct apart.
template <class P>
__device__ void write(P const& value, P* to) {
  if constexpr (sizeof(P) == sizeof(uint4)) {
    __stwb(reinterpret_cast<uint4*>(to), __builtin_bit_cast(uint4, value));
  } else if constexpr (sizeof(P) == sizeof(uint2)) {
    __stwb(reinterpret_cast<uint2*>(to), __builtin_bit_cast(uint2, value));
  } else {
    *to = value;
  }
}

/// How many rows a thread works on, so that several loads are on their way.
inline constexpr index_t rows_of_thread = 4;

/// x.
template <class A>
struct same_value {
  __device__ A operator()(A x, index_t, index_t) const { return x; }
};

/// B(i,j) = f(A(i,j), i, j).
template <class A, class B, class F>
__global__ void map_packs_kernel(matrix_view<A, device_space> a, matrix_view<B, device_space> b,
                                 F f) {
  constexpr unsigned n = pack_size<A, B>;
  using a_pack = pack<std::remove_const_t<A>, n>;
  index_t const j = (index_t(blockIdx.x) * blockDim.x + threadIdx.x) * n;
  index_t const first = index_t(blockIdx.y) * rows_of_thread;
  if (j >= a.cols) {
    return;
  }
  a_pack in[rows_of_thread];
  for (index_t k = 0; k < rows_of_thread; ++k) {
    if (first + k < a.rows) {
      in[k] = read_once(reinterpret_cast<a_pack const*>(&a(first + k, j)));
    }
  }
  for (index_t k = 0; k < rows_of_thread; ++k) {
    if (first + k < a.rows) {
      pack<B, n> out;
      for (unsigned e = 0; e < n; ++e) {
        out.values[e] = rounded<B>(f(in[k].values[e], first + k, j + e));
      }
      write(out, reinterpret_cast<pack<B, n>*>(&b(first + k, j)));
    }
  }
}

/// Whether the rows of b can be told apart by a grid's second number.
template <class B>
bool fits_grid(matrix_view<B, device_space> b) {
  return b.rows <= rows_of_thread * 65535;
}

/// To be called where `fits_packs` and `fits_grid` say so.
template <class A, class B, class F>
void map_packs(stream_policy& exec, matrix_view<A, device_space> a, matrix_view<B, device_space> b,
               F f) {
  index_t const packs = a.cols / index_t(pack_size<A, B>);
  unsigned const threads = packs > 128 ? 256 : 128;
  dim3 const blocks(unsigned((packs + threads - 1) / threads),
                    unsigned((a.rows + rows_of_thread - 1) / rows_of_thread));
  on_device const here(exec.device());
  map_packs_kernel<<<blocks, threads, 0, exec.stream()>>>(a, b, f);
  check(cudaGetLastError(), "map_packs");
}

}  // namespace svf::cuda::detail
