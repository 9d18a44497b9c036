// SPDX-License-Identifier: Apache-2.0
#include "softmax.hpp"

#include <algorithm>

#include <cuda_runtime.h>

#include <svfmath/core/transfer.hpp>
#include <svfmath/cuda.cuh>

#include "reduce.cuh"

namespace llama {

namespace {

namespace sc = svf::cuda;

template <class T>
using device_list = svf::vector_view<T const, svf::device_space>;

constexpr unsigned row_threads = 512;

// One block for a row. A thread's terms are summed in float, the threads' sums in double.
__global__ void log_sum_kernel(device_rows logits,
                               svf::vector_view<double, svf::device_space> log_sums) {
  index_t const i = blockIdx.x;
  float top = -INFINITY;
  bool is_nan = false;  // which a maximum would hide
  for (index_t j = threadIdx.x; j < logits.cols; j += blockDim.x) {
    top = fmaxf(top, logits(i, j));
    is_nan = is_nan || isnan(logits(i, j));
  }
  top = cuda::reduce_block(is_nan ? INFINITY : top, -INFINITY, cuda::larger{});
  float sum = 0.0f;
  for (index_t j = threadIdx.x; j < logits.cols; j += blockDim.x) {
    sum += expf(logits(i, j) - top);
  }
  double const total = cuda::reduce_block(double(sum), 0.0, cuda::add{});
  if (threadIdx.x == 0) {
    log_sums[i] = double(top) + log(total);
  }
}

struct picked_logit {
  device_rows logits;
  device_list<logit_place> places;
  __device__ float operator()(index_t k) const { return logits(places[k].row, places[k].id); }
};

struct softmax_element {
  mutable_device_rows logits;
  device_list<double> log_sums;
  device_list<float> totals;
  __device__ void operator()(index_t i, index_t j) const {
    logits(i, j) = -totals[i] * expf(logits(i, j) - float(log_sums[i]));
  }
};

// One thread for a row: the places of a row may be the same.
struct add_coefficients {
  mutable_device_rows logits;
  device_list<logit_place> places;
  device_list<index_t> first;  // of the places of each row, and their number at the end
  device_list<float> coefficients;
  __device__ void operator()(index_t i, index_t) const {
    for (index_t k = first[i]; k < first[i + 1]; ++k) {
      logits(i, places[k].id) += coefficients[k];
    }
  }
};

struct zero_element {
  mutable_device_rows x;
  __device__ void operator()(index_t i, index_t j) const { x(i, j) = 0.0f; }
};

struct scattered_element {
  device_rows from;
  device_list<index_t> rows;
  mutable_device_rows to;
  __device__ void operator()(index_t i, index_t j) const { to(rows[i], j) = from(i, j); }
};

}  // namespace

svf::vector<double, svf::device_space> log_sums_of_rows(svf::cuda::stream_policy& exec,
                                                        device_rows logits) {
  auto result = svf::make_vector<double>(exec, logits.rows);
  if (logits.rows > 0) {
    sc::detail::on_device const here(exec.device());
    log_sum_kernel<<<unsigned(logits.rows), row_threads, 0, exec.stream()>>>(logits, result.view());
    sc::detail::check(cudaGetLastError(), "log_sums_of_rows");
  }
  return result;
}

std::vector<float> logits_at(svf::cuda::stream_policy& exec, device_rows logits,
                             std::span<logit_place const> places) {
  auto const there = svf::vector_on(exec, places);
  auto picked = svf::make_vector<float>(exec, index_t(places.size()));
  transform(exec, picked.view(), picked_logit{logits, there.view()});
  auto const host = svf::host_vector(exec, picked);
  return {host.begin(), host.end()};
}

void softmax_gradient(svf::cuda::stream_policy& exec, mutable_device_rows logits,
                      svf::vector_view<double const, svf::device_space> log_sums,
                      std::span<float const> totals, std::span<logit_place const> places,
                      std::span<float const> coefficients) {
  bool const ascending = std::is_sorted(
      places.begin(), places.end(),
      [](logit_place const& a, logit_place const& b) { return a.row < b.row; });
  svf::expects(ascending, svf::error_kind::shape,
               "softmax_gradient: expected places in ascending order of their rows");
  std::vector<index_t> first(std::size_t(logits.rows) + 1, 0);
  for (logit_place const& place : places) {
    ++first[std::size_t(place.row) + 1];
  }
  for (std::size_t i = 1; i < first.size(); ++i) {
    first[i] += first[i - 1];
  }
  auto const totals_there = svf::vector_on(exec, totals);
  auto const places_there = svf::vector_on(exec, places);
  auto const first_there = svf::vector_on(exec, first);
  auto const coefficients_there = svf::vector_on(exec, coefficients);
  sc::detail::for_each_element(exec, logits.rows, logits.cols,
                               softmax_element{logits, log_sums, totals_there.view()});
  sc::detail::for_each_element(exec, logits.rows, 1,
                               add_coefficients{logits, places_there.view(), first_there.view(),
                                                coefficients_there.view()});
}

void set_zero(svf::cuda::stream_policy& exec, mutable_device_rows x) {
  sc::detail::for_each_element(exec, x.rows, x.cols, zero_element{x});
}

void scatter_rows(svf::cuda::stream_policy& exec, device_rows from, std::span<index_t const> rows,
                  mutable_device_rows to) {
  auto const there = svf::vector_on(exec, rows);
  sc::detail::for_each_element(exec, from.rows, from.cols,
                               scattered_element{from, there.view(), to});
}

}  // namespace llama
