// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>

#include <thrust/execution_policy.h>
#include <thrust/system_error.h>

#include <svfmath/core/error.hpp>
#include <svfmath/core/view.hpp>
#include <svfmath/cuda/detail/stream_memory.hpp>
#include <svfmath/cuda/policy.hpp>

/// Thrust in the stream and the memory of a policy.
namespace svf::cuda::detail {

/// Where Thrust's algorithms take their temporary storage from.
class thrust_allocator {
 public:
  using value_type = char;

  explicit thrust_allocator(stream_memory& memory) : memory_(&memory) {}

  char* allocate(std::ptrdiff_t bytes) {
    return static_cast<char*>(memory_->allocate(std::size_t(bytes)));
  }
  void deallocate(char* data, std::size_t) noexcept { memory_->release(data); }

 private:
  stream_memory* memory_;
};

/// Calls `run` with Thrust's policy; `call` names the algorithm should it fail.
template <class Run>
void with_thrust(stream_policy& exec, char const* call, Run&& run) {
  on_device const here(exec.device());
  thrust_allocator allocator(*exec.memory());
  try {
    run(thrust::cuda::par_nosync(allocator).on(exec.stream()));
  } catch (thrust::system_error const& problem) {
    check(cudaError_t(problem.code().value()), call);
    throw;
  }
}

/// out(i) ← f(i).
template <class T, class F>
struct assign_result {
  vector_view<T, device_space> out;
  F f;
  __device__ void operator()(index_t i) const { out[i] = static_cast<T>(f(i)); }
};

/// f(i) as a T.
template <class T, class F>
struct converted_result {
  F f;
  __device__ T operator()(index_t i) const { return static_cast<T>(f(i)); }
};

}  // namespace svf::cuda::detail
