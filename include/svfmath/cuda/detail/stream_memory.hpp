// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>

#include <cuda_runtime_api.h>

#include <svfmath/core/error.hpp>
#include <svfmath/cuda/detail/host_words.hpp>
#include <svfmath/cuda/detail/status.hpp>

namespace svf::cuda::detail {

/// Makes a device the calling thread's for a scope.
class on_device {
 public:
  explicit on_device(int device) {
    check(cudaGetDevice(&previous_), "cudaGetDevice");
    changed_ = device != previous_;
    if (changed_) {
      check(cudaSetDevice(device), "cudaSetDevice");
    }
  }
  on_device(on_device const&) = delete;
  on_device& operator=(on_device const&) = delete;
  ~on_device() {
    if (changed_) {
      static_cast<void>(cudaSetDevice(previous_));
    }
  }

 private:
  int previous_ = 0;
  bool changed_ = false;
};

/// Calls `release` with the device made the calling thread's. For destructors: nobody can be told
/// of a failure there.
template <class Release>
void release_on(int device, Release&& release) noexcept {
  int previous = 0;
  static_cast<void>(cudaGetDevice(&previous));
  static_cast<void>(cudaSetDevice(device));
  release();
  static_cast<void>(cudaSetDevice(previous));
}

/// Throws `error{backend}` unless `device` is there and has what a policy needs.
inline void expect_device(int device) {
  int count = 0;
  check(cudaGetDeviceCount(&count), "cudaGetDeviceCount");
  expects(device >= 0 && device < count, error_kind::backend,
          "stream_policy: expected a device from 0 to ", count - 1, ", got ", device);
  int pools = 0;
  check(cudaDeviceGetAttribute(&pools, cudaDevAttrMemoryPoolsSupported, device),
        "cudaDeviceGetAttribute");
  expects(pools != 0, error_kind::backend, "stream_policy: device ", device,
          " has no memory pools; use another device or driver");
}

/// A stream of one device and a memory pool for it alone. The policy and all of its buffers share
/// it, so that a buffer may outlive the policy. Memory that a buffer gives back stays in the pool.
class stream_memory {
 public:
  explicit stream_memory(int device) : device_(device) {
    expect_device(device);
    on_device const here(device);
    cudaMemPoolProps properties = {};
    properties.allocType = cudaMemAllocationTypePinned;
    properties.location.type = cudaMemLocationTypeDevice;
    properties.location.id = device;
    check(cudaMemPoolCreate(&pool_, &properties), "cudaMemPoolCreate");
    try {
      std::uint64_t keep = UINT64_MAX;
      check(cudaMemPoolSetAttribute(pool_, cudaMemPoolAttrReleaseThreshold, &keep),
            "cudaMemPoolSetAttribute");
      check(cudaStreamCreateWithFlags(&stream_, cudaStreamNonBlocking),
            "cudaStreamCreateWithFlags");
    } catch (...) {
      static_cast<void>(cudaMemPoolDestroy(pool_));
      throw;
    }
  }
  stream_memory(stream_memory const&) = delete;
  stream_memory& operator=(stream_memory const&) = delete;
  ~stream_memory() {
    release_on(device_, [this] {
      static_cast<void>(cudaStreamSynchronize(stream_));
      words_.reset();
      static_cast<void>(cudaStreamDestroy(stream_));
      static_cast<void>(cudaMemPoolDestroy(pool_));
    });
  }

  int device() const { return device_; }
  cudaStream_t stream() const { return stream_; }

  /// A place that a kernel of the stream may write a small result to, and its return.
  host_word take_word() {
    on_device const here(device_);
    return words_->take();
  }
  void give_back(host_word const& word) noexcept { words_->give_back(word); }

  /// Room that work in the stream may use from now on. Throws `error{backend}` when memory is out,
  /// after giving the system back what the pool kept.
  void* allocate(std::size_t bytes) {
    on_device const here(device_);
    void* data = nullptr;
    cudaError_t status = cudaMallocFromPoolAsync(&data, bytes, pool_, stream_);
    if (status == cudaErrorMemoryAllocation) {
      static_cast<void>(cudaGetLastError());
      release_unused();
      status = cudaMallocFromPoolAsync(&data, bytes, pool_, stream_);
    }
    if (status == cudaErrorMemoryAllocation) {
      static_cast<void>(cudaGetLastError());
      std::size_t available = 0;
      std::size_t total = 0;
      check(cudaMemGetInfo(&available, &total), "cudaMemGetInfo");
      fail(error_kind::backend, "cudaMallocFromPoolAsync: out of memory: asked for ", bytes,
           " bytes, device ", device_, " has ", available, " of ", total, " free",
           advice(cudaErrorMemoryAllocation));
    }
    check(status, "cudaMallocFromPoolAsync");
    return data;
  }

  /// Gives room back once the work that the stream has so far is done.
  void release(void* data) noexcept {
    release_on(device_, [&] { static_cast<void>(cudaFreeAsync(data, stream_)); });
  }

  /// How many bytes could be allocated: what the device has free, and what the pool keeps.
  std::size_t available() const {
    on_device const here(device_);
    std::size_t free = 0;
    std::size_t total = 0;
    check(cudaMemGetInfo(&free, &total), "cudaMemGetInfo");
    std::uint64_t reserved = 0;
    std::uint64_t used = 0;
    check(cudaMemPoolGetAttribute(pool_, cudaMemPoolAttrReservedMemCurrent, &reserved),
          "cudaMemPoolGetAttribute");
    check(cudaMemPoolGetAttribute(pool_, cudaMemPoolAttrUsedMemCurrent, &used),
          "cudaMemPoolGetAttribute");
    return free + std::size_t(reserved - used);
  }

  /// Waits for the stream and gives the pool's free memory to other users of the device.
  void release_unused() {
    check(cudaStreamSynchronize(stream_), "cudaStreamSynchronize");
    check(cudaMemPoolTrimTo(pool_, 0), "cudaMemPoolTrimTo");
  }

 private:
  int device_;
  cudaMemPool_t pool_ = nullptr;
  cudaStream_t stream_ = nullptr;
  std::unique_ptr<host_words> words_ = std::make_unique<host_words>();
};

}  // namespace svf::cuda::detail
