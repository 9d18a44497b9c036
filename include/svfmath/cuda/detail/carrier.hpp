// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstddef>
#include <limits>
#include <memory>
#include <type_traits>
#include <utility>
#include <vector>

#include <cuda_runtime_api.h>

#include <svfmath/core/error.hpp>
#include <svfmath/core/matrix.hpp>
#include <svfmath/core/view.hpp>
#include <svfmath/cuda/detail/copy_rows.hpp>
#include <svfmath/cuda/detail/status.hpp>
#include <svfmath/cuda/detail/stream_memory.hpp>
#include <svfmath/cuda/policy.hpp>

namespace svf::cuda::detail {

/// The device in whose memory `data` lies; `otherwise` for memory that is no device's own.
inline int device_of(void const* data, int otherwise) {
  cudaPointerAttributes attributes = {};
  check(cudaPointerGetAttributes(&attributes, data), "cudaPointerGetAttributes");
  return attributes.type == cudaMemoryTypeDevice ? attributes.device : otherwise;
}

/// Copies equal elements from one device to another between views of equal extents and order. Needs
/// no peer access. The pools are not opened to other devices for it (cudaMemPoolSetAccess): drivers
/// are reported to lose peer copies into pools that are.
template <class T>
void copy_rows_between(cudaStream_t stream, matrix_view<T const, device_space> source,
                       int source_device, matrix_view<T, device_space> destination, int device) {
  std::size_t const runs = std::size_t(runs_of(source));
  std::size_t const width = std::size_t(length_of(source)) * sizeof(T);
  if (in_one_piece(source, destination)) {
    check(cudaMemcpyPeerAsync(destination.data, device, source.data, source_device, runs * width,
                              stream),
          "cudaMemcpyPeerAsync");
    return;
  }
  expect_pitch(source, destination);
  cudaMemcpy3DPeerParms copy = {};
  copy.srcDevice = source_device;
  copy.srcPtr = {const_cast<T*>(source.data), std::size_t(source.ld) * sizeof(T), width, runs};
  copy.dstDevice = device;
  copy.dstPtr = {destination.data, std::size_t(destination.ld) * sizeof(T), width, runs};
  copy.extent = {width, runs, 1};
  check(cudaMemcpy3DPeerAsync(&copy, stream), "cudaMemcpy3DPeerAsync");
}

struct release_event {
  void operator()(cudaEvent_t event) const noexcept { static_cast<void>(cudaEventDestroy(event)); }
};

struct release_stream {
  void operator()(cudaStream_t stream) const noexcept {
    static_cast<void>(cudaStreamDestroy(stream));
  }
};

/// Brings matrices to where verbs of a policy can read them. Those of another device come in a
/// stream of their own, while the policy is at work on others; those of the host are there when
/// `add` returns, those of the policy's device stay where they are. The matrices must not change
/// before the carrier's end, and the policy must last as long.
template <class T>
class carrier {
 public:
  explicit carrier(stream_policy& exec) : exec_(&exec) {}
  carrier(carrier const&) = delete;
  carrier& operator=(carrier const&) = delete;
  ~carrier() {
    if (side_ != nullptr) {  // before the copies give their room back
      static_cast<void>(cudaStreamSynchronize(side_.get()));
    }
  }

  void add(matrix_view<T const> a) {
    item brought{staging<T>(*exec_, a), {}, {}};
    auto const there = in_order_of(brought.copy, a);
    copy_rows(*exec_, a, there, cudaMemcpyHostToDevice);
    exec_->synchronize();
    brought.view = there;
    items_.push_back(std::move(brought));
  }

  void add(matrix_view<T const, device_space> a) {
    int const device = exec_->device();
    int const home = a.size() == 0 ? device : device_of(a.data, device);
    if (home == device) {
      items_.push_back({{}, {}, a});
      return;
    }
    on_device const here(device);
    if (side_ == nullptr) {
      cudaStream_t stream = nullptr;
      check(cudaStreamCreateWithFlags(&stream, cudaStreamNonBlocking), "cudaStreamCreateWithFlags");
      side_.reset(stream);
    }
    cudaEvent_t event = nullptr;
    check(cudaEventCreateWithFlags(&event, cudaEventDisableTiming), "cudaEventCreateWithFlags");
    item brought{{}, event_owner(event), {}};
    brought.copy = staging<T>(*exec_, a);
    auto const there = in_order_of(brought.copy, a);
    pass_on(event, exec_->stream(), side_.get());  // the room is there
    items_.push_back(std::move(brought));
    copy_rows_between(side_.get(), a, home, there, device);
    check(cudaEventRecord(event, side_.get()), "cudaEventRecord");
    items_.back().view = there;
  }

  /// The k-th matrix that was added. Work that comes into the policy's stream from now on finds it.
  matrix_view<T const, device_space> view(std::size_t k) {
    item const& found = items_[k];
    if (found.arrived != nullptr) {
      on_device const here(exec_->device());
      check(cudaStreamWaitEvent(exec_->stream(), found.arrived.get(), 0), "cudaStreamWaitEvent");
    }
    return found.view;
  }

 private:
  using event_owner = std::unique_ptr<std::remove_pointer_t<cudaEvent_t>, release_event>;
  using stream_owner = std::unique_ptr<std::remove_pointer_t<cudaStream_t>, release_stream>;

  struct item {
    matrix<T, device_space> copy;
    event_owner arrived;
    matrix_view<T const, device_space> view;
  };

  /// `to` goes on when `from` has done what it has so far.
  static void pass_on(cudaEvent_t event, cudaStream_t from, cudaStream_t to) {
    check(cudaEventRecord(event, from), "cudaEventRecord");
    check(cudaStreamWaitEvent(to, event, 0), "cudaStreamWaitEvent");
  }

  stream_policy* exec_;
  stream_owner side_;
  std::vector<item> items_;
};

}  // namespace svf::cuda::detail
