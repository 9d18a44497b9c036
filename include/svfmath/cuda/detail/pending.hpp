// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <type_traits>
#include <utility>

#include <cuda_runtime_api.h>

#include <svfmath/cuda/detail/host_words.hpp>
#include <svfmath/cuda/detail/stream_memory.hpp>
#include <svfmath/cuda/policy.hpp>

namespace svf::cuda {

/// A result that a kernel of the stream will have written. Move-only; its destructor waits.
template <class T>
class pending {
  static_assert(std::is_trivially_copyable_v<T> && sizeof(T) <= detail::host_words::bytes);

 public:
  static constexpr bool known_at_once = false;

  explicit pending(stream_policy& exec) : memory_(exec.memory()), word_(memory_->take_word()) {}
  pending(pending&& other) noexcept
      : memory_(std::move(other.memory_)), word_(std::exchange(other.word_, {})) {}
  pending& operator=(pending&&) = delete;
  ~pending() {
    if (memory_ != nullptr) {
      static_cast<void>(cudaEventSynchronize(word_.written));
      memory_->give_back(word_);
    }
  }

  /// Where the kernel writes to.
  T* place() { return static_cast<T*>(word_.data); }
  /// To be called when the kernel is in the stream.
  void launched() {
    detail::check(cudaEventRecord(word_.written, memory_->stream()), "cudaEventRecord");
  }
  /// Waits for the result, and for nothing that came into the stream after it.
  T get() {
    detail::check(cudaEventSynchronize(word_.written), "cudaEventSynchronize");
    return *place();
  }

 private:
  std::shared_ptr<detail::stream_memory> memory_;
  detail::host_word word_;
};

}  // namespace svf::cuda
