// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include <benchmark/benchmark.h>

#include <svfmath/core/config.hpp>
#include <svfmath/core/random.hpp>
#include <svfmath/cuda.cuh>
#include <svfmath/factor/svd_factors.hpp>

namespace bench {

using svf::index_t;
using device_matrix = svf::matrix<float, svf::device_space>;
using device_factors = svf::svd_factors<float, svf::device_space>;

/// mean + scale · the i-th standard normal of a stream.
struct normal_element {
  svf::random_stream random;
  double mean;
  double scale;

  SVFMATH_HOST_DEVICE float operator()(index_t i) const {
    return float(mean + scale * random.normal(std::uint64_t(i)));
  }
};

inline device_matrix normal_matrix(svf::cuda::stream_policy& exec, index_t rows, index_t cols,
                                   std::uint64_t seed) {
  auto result = svf::make_matrix<float>(exec, rows, cols);
  transform(exec, svf::vector_view<float, svf::device_space>(result.data(), result.size()),
            normal_element{svf::random_stream(seed), 0.0, 0.02});
  return result;
}

inline svf::vector<float, svf::device_space> multipliers(svf::cuda::stream_policy& exec,
                                                         index_t rank, std::uint64_t seed) {
  auto result = svf::make_vector<float>(exec, rank);
  transform(exec, result.view(), normal_element{svf::random_stream(seed), 1.0, 0.1});
  return result;
}

/// Random numbers of the right shapes, where a verb costs the same for any factors.
inline device_factors random_factors(svf::cuda::stream_policy& exec, index_t m, index_t n) {
  index_t const r = m < n ? m : n;
  return {normal_matrix(exec, m, r, 1), multipliers(exec, r, 2), normal_matrix(exec, r, n, 3)};
}

/// Runs `body` ten times in a row for every iteration, as a model of many matrices would, timed by
/// events around all of them in the stream; the time is that of one.
template <class Body>
void timed(benchmark::State& state, svf::cuda::stream_policy& exec, Body&& body) {
  using svf::cuda::detail::check;
  constexpr int calls = 10;
  cudaEvent_t begin = nullptr;
  cudaEvent_t end = nullptr;
  check(cudaEventCreate(&begin), "cudaEventCreate");
  check(cudaEventCreate(&end), "cudaEventCreate");
  body();
  for (auto _ : state) {
    check(cudaEventRecord(begin, exec.stream()), "cudaEventRecord");
    for (int k = 0; k < calls; ++k) {
      body();
    }
    check(cudaEventRecord(end, exec.stream()), "cudaEventRecord");
    check(cudaEventSynchronize(end), "cudaEventSynchronize");
    float milliseconds = 0.0f;
    check(cudaEventElapsedTime(&milliseconds, begin, end), "cudaEventElapsedTime");
    state.SetIterationTime(1e-3 * double(milliseconds) / calls);
  }
  check(cudaEventDestroy(begin), "cudaEventDestroy");
  check(cudaEventDestroy(end), "cudaEventDestroy");
}

}  // namespace bench
