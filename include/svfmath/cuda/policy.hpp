// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <memory>
#include <type_traits>

#include <cublas_v2.h>
#include <cuda_runtime_api.h>
#include <cusolverDn.h>

#include <svfmath/core/view.hpp>
#include <svfmath/cuda/detail/status.hpp>
#include <svfmath/cuda/detail/stream_memory.hpp>

namespace svf::cuda {

namespace detail {

// The owners below keep the stream alive until they are done with it.

struct release_bytes {
  std::shared_ptr<stream_memory> memory;
  void operator()(void* data) const noexcept { memory->release(data); }
};

struct release_blas {
  std::shared_ptr<stream_memory> memory;
  void operator()(cublasHandle_t handle) const noexcept {
    release_on(memory->device(), [&] { static_cast<void>(cublasDestroy(handle)); });
  }
};

struct release_solver_options {
  void operator()(cusolverDnParams_t options) const noexcept {
    static_cast<void>(cusolverDnDestroyParams(options));
  }
};

struct release_solver {
  std::shared_ptr<stream_memory> memory;
  void operator()(cusolverDnHandle_t handle) const noexcept {
    release_on(memory->device(), [&] { static_cast<void>(cusolverDnDestroy(handle)); });
  }
};

}  // namespace detail

/// Runs on one CUDA device, in a stream of its own, with its own handles of cuBLAS and cuSOLVER,
/// its own memory pool and cuBLAS's workspace in it. There is nothing global: any number of
/// policies work side by side, on one device or several. One thread at a time may use a policy.
///
/// Verbs return when their work is in the stream, or, where they hand a number to the host or have
/// an error to look for, when it is done; `synchronize` waits. Another policy may read what this
/// one wrote after `synchronize`, and must be done reading before the memory is given back.
/// After an `error` the policy goes on working, unless the message says that it cannot.
/// Every sum has a fixed order: the same bits in every run on the same device and library versions.
class stream_policy {
 public:
  using space = device_space;

  /// Throws `error{backend}` where there is no such device, the driver is older than the toolkit,
  /// or the device is taken or too small. Costs about a tenth of a second and 32 MiB.
  explicit stream_policy(int device = 0)
      : memory_(std::make_shared<detail::stream_memory>(device)) {
    detail::on_device const here(device);
    cublasHandle_t blas = nullptr;
    detail::check(cublasCreate(&blas), "cublasCreate");
    blas_ = {blas, detail::release_blas{memory_}};
    cusolverDnHandle_t solver = nullptr;
    detail::check(cusolverDnCreate(&solver), "cusolverDnCreate");
    solver_ = {solver, detail::release_solver{memory_}};
    cusolverDnParams_t options = nullptr;
    detail::check(cusolverDnCreateParams(&options), "cusolverDnCreateParams");
    solver_options_.reset(options);
    workspace_ = {memory_->allocate(workspace_bytes), detail::release_bytes{memory_}};
    detail::check(cublasSetStream(blas, stream()), "cublasSetStream");
    detail::check(cublasSetMathMode(blas, CUBLAS_MATH_DISALLOW_REDUCED_PRECISION_REDUCTION),
                  "cublasSetMathMode");  // sums of 16-bit products stay in float
    detail::check(cublasSetWorkspace(blas, workspace_.get(), workspace_bytes),
                  "cublasSetWorkspace");
    detail::check(cusolverDnSetStream(solver, stream()), "cusolverDnSetStream");
  }

  int device() const { return memory_->device(); }
  cudaStream_t stream() const { return memory_->stream(); }
  cublasHandle_t blas() const { return blas_.get(); }
  cusolverDnHandle_t solver() const { return solver_.get(); }
  cusolverDnParams_t solver_options() const { return solver_options_.get(); }
  std::shared_ptr<detail::stream_memory> const& memory() const { return memory_; }

  /// Waits for everything in the stream. Throws `error{backend}` for what failed there.
  void synchronize() { detail::check(cudaStreamSynchronize(stream()), "cudaStreamSynchronize"); }

  /// Waits, and gives the memory that the pool keeps to other users of the device.
  void release_unused() { memory_->release_unused(); }

 private:
  template <class Handle, class Release>
  using owner = std::unique_ptr<std::remove_pointer_t<Handle>, Release>;

  // What cuBLAS recommends for Hopper.
  static constexpr std::size_t workspace_bytes = std::size_t{32} << 20;

  std::shared_ptr<detail::stream_memory> memory_;
  owner<void*, detail::release_bytes> workspace_;
  owner<cublasHandle_t, detail::release_blas> blas_;
  owner<cusolverDnHandle_t, detail::release_solver> solver_;
  owner<cusolverDnParams_t, detail::release_solver_options> solver_options_;
};

/// Calls `body(i)` for every i in [0, count) on the calling thread, in order: what a body puts into
/// the stream keeps the device busy.
template <class Body>
void for_each_index(stream_policy&, index_t count, Body&& body) {
  for (index_t i = 0; i < count; ++i) {
    body(i);
  }
}

}  // namespace svf::cuda
