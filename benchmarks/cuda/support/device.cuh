// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdio>

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

/// The seconds of one call of `body` that is called `calls` times in a row, as for a model of many
/// matrices, between two events in the stream.
template <class Body>
double seconds_of_call(svf::cuda::stream_policy& exec, Body&& body, int calls) {
  using svf::cuda::detail::check;
  cudaEvent_t begin = nullptr;
  cudaEvent_t end = nullptr;
  check(cudaEventCreate(&begin), "cudaEventCreate");
  check(cudaEventCreate(&end), "cudaEventCreate");
  check(cudaEventRecord(begin, exec.stream()), "cudaEventRecord");
  for (int call = 0; call < calls; ++call) {
    body();
  }
  check(cudaEventRecord(end, exec.stream()), "cudaEventRecord");
  check(cudaEventSynchronize(end), "cudaEventSynchronize");
  float milliseconds = 0.0f;
  check(cudaEventElapsedTime(&milliseconds, begin, end), "cudaEventElapsedTime");
  check(cudaEventDestroy(begin), "cudaEventDestroy");
  check(cudaEventDestroy(end), "cudaEventDestroy");
  return 1e-3 * double(milliseconds) / calls;
}

/// The best seconds of each of `bodies` in a number of rounds, in each of which all take their
/// turn: a device that slows down as it warms up slows all of them.
template <int Rounds = 40, int Calls = 10, class... Bodies>
std::array<double, sizeof...(Bodies)> best_seconds(svf::cuda::stream_policy& exec,
                                                   Bodies&&... bodies) {
  std::array<double, sizeof...(Bodies)> best;
  best.fill(HUGE_VAL);
  for (int round = 0; round <= Rounds; ++round) {
    std::array<double, sizeof...(Bodies)> const now{seconds_of_call(exec, bodies, Calls)...};
    for (std::size_t i = 0; i < now.size() && round > 0; ++i) {  // the first one warms up
      best[i] = std::min(best[i], now[i]);
    }
  }
  return best;
}

/// The first line of a program's output: what it measures, and on which device.
inline void print_title(svf::cuda::stream_policy& exec, char const* title) {
  cudaDeviceProp properties = {};
  svf::cuda::detail::check(cudaGetDeviceProperties(&properties, exec.device()),
                           "cudaGetDeviceProperties");
  int driver = 0;
  svf::cuda::detail::check(cudaDriverGetVersion(&driver), "cudaDriverGetVersion");
  std::printf("%s; %s, driver for CUDA %d.%d\n", title, properties.name, driver / 1000,
              driver % 1000 / 10);
}

}  // namespace bench
