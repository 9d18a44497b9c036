// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <limits>
#include <type_traits>

#include <cuda_runtime.h>

#include <svfmath/core/config.hpp>
#include <svfmath/core/view.hpp>
#include <svfmath/cuda/detail/early_launch.cuh>
#include <svfmath/cuda/detail/packs.cuh>
#include <svfmath/cuda/detail/status.hpp>
#include <svfmath/cuda/policy.hpp>

/// B(i,j) = A(i,j) · d(i,j) by packs of 16 bytes, where d comes from a few numbers.
namespace svf::cuda::detail {

/// d(i,j) = f(j), worked out once for all rows of a thread.
template <class F>
struct column_factors {
  using value_type = std::invoke_result_t<F const&, index_t>;
  static constexpr bool same_in_all_rows = true;
  static constexpr index_t rows_of_thread = 8;

  F f;

  template <unsigned N>
  __device__ void load(index_t, index_t j, value_type (&factors)[N]) const {
    for (unsigned e = 0; e < N; ++e) {
      factors[e] = f(j + e);
    }
  }
};

/// d(i,j) = f(i).
template <class F>
struct row_factors {
  using value_type = std::invoke_result_t<F const&, index_t>;
  static constexpr bool same_in_all_rows = false;
  static constexpr index_t rows_of_thread = 8;

  F f;

  template <unsigned N>
  __device__ void load(index_t i, index_t, value_type (&factors)[N]) const {
    value_type const factor = f(i);
    for (unsigned e = 0; e < N; ++e) {
      factors[e] = factor;
    }
  }
};

/// d(i,j) = D(rows(i),j), where the rows of D begin at whole packs.
template <class D>
struct selected_factors {
  using value_type = std::remove_const_t<D>;
  static constexpr bool same_in_all_rows = false;
  static constexpr index_t rows_of_thread = 4;

  matrix_view<D, device_space> d;
  vector_view<index_t const, device_space> rows;

  template <unsigned N>
  __device__ void load(index_t i, index_t j, value_type (&factors)[N]) const {
    auto const read = *reinterpret_cast<pack<value_type, N> const*>(&d(rows[i], j));
    for (unsigned e = 0; e < N; ++e) {
      factors[e] = read.values[e];
    }
  }
};

/// Writes the first j < count where f(j) is NaN or infinite, or count. By one whole block.
template <class F>
struct first_not_finite {
  F f;
  index_t count;
  index_t* place;

  __device__ void operator()() const {
    using word = unsigned long long;
    __shared__ word first;
    if (threadIdx.x == 0) {
      first = word(count);
    }
    __syncthreads();
    for (index_t j = threadIdx.x; j < count; j += blockDim.x) {
      if (!isfinite(f(j))) {
        atomicMin(&first, word(j));
        break;
      }
    }
    __syncthreads();
    if (threadIdx.x == 0) {
      *place = index_t(first);
    }
  }
};

struct no_check {
  __device__ void operator()() const {}
};

template <class Check>
__global__ void check_kernel(Check check) {
  check();
}

/// A check alone.
template <class Check>
void run_check(stream_policy& exec, Check const& what) {
  if constexpr (!std::is_same_v<Check, no_check>) {
    on_device const here(exec.device());
    check_kernel<<<1, 256, 0, exec.stream()>>>(what);
    check(cudaGetLastError(), "check_kernel");
  }
}

/// Brings the beginnings of a matrix's rows into the second-level cache, a line by each thread.
/// Where few rows are scaled between two products, the memory would have nothing to do meanwhile.
struct lines_ahead {
  static constexpr index_t line = 128;  ///< bytes

  char const* data = nullptr;
  index_t rows = 0;
  index_t stride = 0;        ///< bytes from one row to the next
  index_t lines_of_row = 1;  ///< to be fetched, no more than it has

  SVFMATH_HOST_DEVICE index_t threads() const { return rows * lines_of_row; }
  /// Where the line of a thread begins, in bytes from `data`.
  SVFMATH_HOST_DEVICE index_t offset(index_t thread) const {
    return thread / lines_of_row * stride + thread % lines_of_row * line;
  }
  __device__ void operator()(index_t thread) const {
    if (thread < threads()) {
      asm volatile("prefetch.global.L2 [%0];" ::"l"(data + offset(thread)));
    }
  }
};

/// As many lines of each row of x as `threads` can fetch.
template <class X>
lines_ahead lines_of(matrix_view<X, device_space> x, index_t threads) {
  if (x.layout == order::col_major) {
    x = transposed(x);
  }
  index_t const in_a_row = x.cols * index_t(sizeof(X)) / lines_ahead::line;
  if (x.rows == 0 || in_a_row == 0) {
    return {};
  }
  return {reinterpret_cast<char const*>(x.data), x.rows, x.ld * index_t(sizeof(X)),
          std::clamp(threads / x.rows, index_t{1}, in_a_row)};
}

inline constexpr unsigned scale_threads = 256;

/// Each thread scales a pack in `Rows` rows, which divide the rows of the matrices.
template <index_t Rows, class A, class B, class Factors, class Check>
__global__ void __launch_bounds__(scale_threads, 4)
    scale_packs_kernel(matrix_view<A, device_space> a, matrix_view<B, device_space> b,
                       Factors factors, Check check, lines_ahead ahead) {
  constexpr unsigned n = pack_size<A, B>;
  constexpr index_t sets = Factors::same_in_all_rows ? 1 : Rows;
  using a_pack = pack<std::remove_const_t<A>, n>;
  wait_for_predecessors();
  if (blockIdx.x == 0 && blockIdx.y == 0) {
    check();
  }
  index_t const j = (index_t(blockIdx.y) * blockDim.x + threadIdx.x) * n;
  index_t const first = index_t(blockIdx.x) * Rows;
  if (j >= a.cols) {
    return;
  }
  a_pack in[Rows];
  typename Factors::value_type d[sets][n];
#pragma unroll
  for (index_t k = 0; k < Rows; ++k) {
    in[k] = read_once(reinterpret_cast<a_pack const*>(a.data + (first + k) * a.ld + j));
  }
#pragma unroll
  for (index_t k = 0; k < sets; ++k) {
    factors.load(first + k, j, d[k]);
  }
#pragma unroll
  for (index_t k = 0; k < Rows; ++k) {
    pack<B, n> out;
    for (unsigned e = 0; e < n; ++e) {
      out.values[e] = rounded<B>(in[k].values[e] * d[k < sets ? k : 0][e]);
    }
    write(out, reinterpret_cast<pack<B, n>*>(b.data + (first + k) * b.ld + j));
  }
  ahead((index_t(blockIdx.y) * gridDim.x + blockIdx.x) * blockDim.x + threadIdx.x);
}

/// Whether a and b are made of packs, and these can be counted by a grid.
template <class A, class B>
bool fits_scale(matrix_view<A, device_space> a, matrix_view<B, device_space> b) {
  return a.size() > 0 && fits_packs(a, b) && a.rows <= std::numeric_limits<int>::max() &&
         a.cols / index_t(pack_size<A, B>) <= index_t(scale_threads) * 65535;
}

/// To be called where `fits_scale` says so. Few rows take a thread for each pack of a row, so that
/// they keep the whole device busy; these fetch the beginnings of the rows of `next` as well.
template <class A, class B, class Factors, class Check, class Next>
void scale_packs(stream_policy& exec, matrix_view<A, device_space> a,
                 matrix_view<B, device_space> b, Factors factors, Check check,
                 matrix_view<Next, device_space> next) {
  constexpr index_t few_rows = 512;
  constexpr index_t rows = Factors::rows_of_thread;
  index_t const packs = a.cols / index_t(pack_size<A, B>);
  unsigned const threads = packs > 128 ? scale_threads : 128;
  auto const columns = unsigned((packs + threads - 1) / threads);
  if (a.rows <= few_rows || a.rows % rows != 0) {
    launch_early(exec, dim3(unsigned(a.rows), columns), threads,
                 scale_packs_kernel<1, A, B, Factors, Check>, a, b, factors, check,
                 lines_of(next, a.rows * columns * threads));
  } else {
    launch_early(exec, dim3(unsigned(a.rows / rows), columns), threads,
                 scale_packs_kernel<rows, A, B, Factors, Check>, a, b, factors, check,
                 lines_ahead());
  }
}

}  // namespace svf::cuda::detail
