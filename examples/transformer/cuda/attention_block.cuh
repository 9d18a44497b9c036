// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <type_traits>

#include <cuda_runtime.h>
#include <mma.h>

#include <svfmath/core/view.hpp>
#include <svfmath/cuda/detail/packs.cuh>

#include "reduce.cuh"

/// Products of tiles of 64 rows in shared memory by a block of 256 threads, from which attention's
/// kernels are made. The thread of column x and row y of 16×16 owns the elements (y + 16a, x + 16b)
/// of a 64×64 tile and (y + 16a, x·Size/16 + e) of a 64×Size one.
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

/// tile(i,:) ← the first `size` elements from `row_at(i)`, zero for the rest of the row and where
/// that is null.
template <int Size, class RowAt>
__device__ void load_tile(float* tile, int size, RowAt row_at) {
  using element = std::remove_cv_t<std::remove_pointer_t<decltype(row_at(0))>>;
  using pack = svf::cuda::detail::pack<element, 4>;
  for (int k = int(threadIdx.x); k < tile_rows * Size / 4; k += block_threads) {
    int const i = k / (Size / 4);
    int const d = k % (Size / 4) * 4;
    element const* const from = row_at(i);
    four values = {};
    if (from != nullptr && d + 4 <= size &&
        reinterpret_cast<std::uintptr_t>(from + d) % sizeof(pack) == 0) {
      pack const in = *reinterpret_cast<pack const*>(from + d);
#pragma unroll
      for (int e = 0; e < 4; ++e) {
        values.values[e] = float(in.values[e]);
      }
    } else if (from != nullptr) {
      for (int e = 0; e < 4 && d + e < size; ++e) {
        values.values[e] = float(from[d + e]);
      }
    }
    *reinterpret_cast<four*>(tile + i * tile_stride<Size> + d) = values;
  }
}

/// Products in float.
struct exact_products {
  template <int Size>
  struct accumulator {
    float values[per_thread][Size / 16] = {};
  };

  /// out(i,j) ← Σ_d left(i,d) · right(j,d), 64×64. A thread reads and writes its own elements.
  template <int Size>
  static __device__ void multiply_rows(float const* left, float const* right, float* out) {
    float const* const l = left + thread_y() * tile_stride<Size>;
    float const* const r = right + thread_x() * tile_stride<Size>;
    float sums[per_thread][per_thread] = {};
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
#pragma unroll
    for (int a = 0; a < per_thread; ++a) {
#pragma unroll
      for (int b = 0; b < per_thread; ++b) {
        out[(thread_y() + 16 * a) * tile_stride<tile_rows> + thread_x() + 16 * b] = sums[a][b];
      }
    }
  }

  /// sums(i,d) += Σ_j weights(i,j) · right(j,d), 64×Size.
  template <int Size>
  static __device__ void multiply_weights(float const* weights, float const* right,
                                          accumulator<Size>& sums) {
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
#pragma unroll
        for (int e = 0; e < width; ++e) {
          float const right_value = r[(j + k) * tile_stride<Size> + e];
#pragma unroll
          for (int a = 0; a < per_thread; ++a) {
            sums.values[a][e] += lefts[a].values[k] * right_value;
          }
        }
      }
    }
  }

  /// out ← sums.
  template <int Size>
  static __device__ void store(accumulator<Size> const& sums, float* out) {
#pragma unroll
    for (int a = 0; a < per_thread; ++a) {
#pragma unroll
      for (int e = 0; e < Size / 16; ++e) {
        out[(thread_y() + 16 * a) * tile_stride<Size> + thread_x() * (Size / 16) + e] =
            sums.values[a][e];
      }
    }
  }
};

/// The same on the tensor cores in TensorFloat-32: factors of 11 bits, sums in float.
struct tensor_products {
  using rows_fragment = nvcuda::wmma::fragment<nvcuda::wmma::matrix_a, 16, 16, 8,
                                               nvcuda::wmma::precision::tf32,
                                               nvcuda::wmma::row_major>;
  template <class Layout>
  using right_fragment = nvcuda::wmma::fragment<nvcuda::wmma::matrix_b, 16, 16, 8,
                                                nvcuda::wmma::precision::tf32, Layout>;
  using sum_fragment = nvcuda::wmma::fragment<nvcuda::wmma::accumulator, 16, 16, 8, float>;

  /// A warp's parts of 16×16, of which all warps have as many.
  template <int Size>
  struct accumulator {
    sum_fragment parts[Size / 32];
    __device__ accumulator() {
      for (auto& part : parts) {
        nvcuda::wmma::fill_fragment(part, 0.0f);
      }
    }
  };

  template <int Size>
  static __device__ void multiply_rows(float const* left, float const* right, float* out) {
    using namespace nvcuda::wmma;
    accumulator<tile_rows> sums;
    for (int d = 0; d < Size; d += 8) {
      rows_fragment l;
      load(l, left + 16 * part_row() * tile_stride<Size> + d, tile_stride<Size>);
#pragma unroll
      for (int k = 0; k < tile_rows / 32; ++k) {
        right_fragment<col_major> r;
        load(r, right + 16 * part_col<tile_rows>(k) * tile_stride<Size> + d, tile_stride<Size>);
        mma_sync(sums.parts[k], l, r, sums.parts[k]);
      }
    }
    store<tile_rows>(sums, out);
  }

  template <int Size>
  static __device__ void multiply_weights(float const* weights, float const* right,
                                          accumulator<Size>& sums) {
    using namespace nvcuda::wmma;
    for (int j = 0; j < tile_rows; j += 8) {
      rows_fragment l;
      load(l, weights + 16 * part_row() * tile_stride<tile_rows> + j,
           tile_stride<tile_rows>);
#pragma unroll
      for (int k = 0; k < Size / 32; ++k) {
        right_fragment<row_major> r;
        load(r, right + j * tile_stride<Size> + 16 * part_col<Size>(k), tile_stride<Size>);
        mma_sync(sums.parts[k], l, r, sums.parts[k]);
      }
    }
  }

  template <int Size>
  static __device__ void store(accumulator<Size> const& sums, float* out) {
#pragma unroll
    for (int k = 0; k < Size / 32; ++k) {
      nvcuda::wmma::store_matrix_sync(
          out + 16 * part_row() * tile_stride<Size> + 16 * part_col<Size>(k), sums.parts[k],
          tile_stride<Size>, nvcuda::wmma::mem_row_major);
    }
  }

 private:
  /// Where part k of this warp lies among the 4 × Size/16 parts: all parts of a warp in one row.
  static __device__ int part_row() { return int(threadIdx.x) / 64; }
  template <int Size>
  static __device__ int part_col(int k) {
    return int(threadIdx.x) / 32 % 2 * (Size / 32) + k;
  }

  template <class Fragment>
  static __device__ void load(Fragment& fragment, float const* from, unsigned stride) {
    nvcuda::wmma::load_matrix_sync(fragment, from, stride);
#pragma unroll
    for (int k = 0; k < fragment.num_elements; ++k) {
      fragment.x[k] = nvcuda::wmma::__float_to_tf32(fragment.x[k]);
    }
  }
};

/// Exact for float. Of inputs in 16 bits the tensor cores lose nothing; what the kernels make
/// themselves, softmax weights and dL/dscores, is rounded to 11 bits.
template <class W>
using products_for = std::conditional_t<std::is_same_v<W, float>, exact_products, tensor_products>;

/// Over the 16 threads that hold a row.
__device__ inline float row_max(float value) { return reduce_warp<16>(value, larger()); }
__device__ inline float row_sum(float value) { return reduce_warp<16>(value, add()); }

}  // namespace llama::cuda
