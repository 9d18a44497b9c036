// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <type_traits>

#include <cuda_runtime.h>

#include <svfmath/core/view.hpp>
#include <svfmath/cuda/detail/packs.cuh>
#include <svfmath/cuda/detail/status.hpp>
#include <svfmath/cuda/policy.hpp>

/// Scaling of each row by a row of another matrix, by packs of 16 bytes.
namespace svf::cuda::detail {

/// B(i,j) = A(i,j) · D(rows(i),j), with Rows rows for each thread.
template <index_t Rows, class A, class D, class B>
__global__ void scale_selected_kernel(matrix_view<A, device_space> a,
                                      matrix_view<D, device_space> d,
                                      vector_view<index_t const, device_space> rows,
                                      matrix_view<B, device_space> b) {
  constexpr unsigned n = pack_size<A, B>;
  using a_pack = pack<std::remove_const_t<A>, n>;
  using d_pack = pack<std::remove_const_t<D>, n>;
  index_t const j = (index_t(blockIdx.x) * blockDim.x + threadIdx.x) * n;
  index_t const first = index_t(blockIdx.y) * Rows;
  if (j >= a.cols) {
    return;
  }
  a_pack in[Rows];
  d_pack factors[Rows];
  for (index_t k = 0; k < Rows; ++k) {
    if (first + k < a.rows) {
      in[k] = read_once(reinterpret_cast<a_pack const*>(&a(first + k, j)));
      factors[k] = *reinterpret_cast<d_pack const*>(&d(rows[first + k], j));
    }
  }
  for (index_t k = 0; k < Rows; ++k) {
    if (first + k < a.rows) {
      pack<B, n> out;
      for (unsigned e = 0; e < n; ++e) {
        out.values[e] = rounded<B>(in[k].values[e] * factors[k].values[e]);
      }
      write(out, reinterpret_cast<pack<B, n>*>(&b(first + k, j)));
    }
  }
}

/// To be called where `fits_packs` says so of A and B, and `has_packs` of D. Few rows take a thread
/// for each pack of a row, so that they keep the whole device busy.
template <class A, class D, class B>
void scale_selected_packs(stream_policy& exec, matrix_view<A, device_space> a,
                          matrix_view<D, device_space> d,
                          vector_view<index_t const, device_space> rows,
                          matrix_view<B, device_space> b) {
  constexpr unsigned threads = 256;
  constexpr index_t few_rows = 512;
  index_t const packs = a.cols / index_t(pack_size<A, B>);
  auto const columns = unsigned((packs + threads - 1) / threads);
  on_device const here(exec.device());
  if (a.rows <= few_rows) {
    scale_selected_kernel<1>
        <<<dim3(columns, unsigned(a.rows)), threads, 0, exec.stream()>>>(a, d, rows, b);
  } else {
    auto const blocks = unsigned((a.rows + rows_of_thread - 1) / rows_of_thread);
    scale_selected_kernel<rows_of_thread>
        <<<dim3(columns, blocks), threads, 0, exec.stream()>>>(a, d, rows, b);
  }
  check(cudaGetLastError(), "scale_selected");
}

}  // namespace svf::cuda::detail
