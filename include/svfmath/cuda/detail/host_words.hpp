// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <vector>

#include <cuda_runtime_api.h>

#include <svfmath/cuda/detail/status.hpp>

namespace svf::cuda::detail {

/// A place in page-locked memory that kernels write a small result to, and the event after which
/// the host may read it.
struct host_word {
  void* data = nullptr;
  cudaEvent_t written = nullptr;
};

/// The words of one policy. Made when they are first needed, kept until the end.
class host_words {
 public:
  host_words() = default;
  host_words(host_words const&) = delete;
  host_words& operator=(host_words const&) = delete;
  /// With the policy's device the calling thread's.
  ~host_words() {
    for (auto const& word : all_) {
      static_cast<void>(cudaEventDestroy(word.written));
      static_cast<void>(cudaFreeHost(word.data));
    }
  }

  host_word take() {
    if (free_.empty()) {
      host_word word;
      check(cudaHostAlloc(&word.data, bytes, cudaHostAllocMapped), "cudaHostAlloc");
      cudaError_t const status = cudaEventCreateWithFlags(&word.written, cudaEventDisableTiming);
      if (status != cudaSuccess) {
        static_cast<void>(cudaFreeHost(word.data));
        check(status, "cudaEventCreateWithFlags");
      }
      all_.push_back(word);
      free_.reserve(all_.size());
      return word;
    }
    host_word const word = free_.back();
    free_.pop_back();
    return word;
  }
  void give_back(host_word const& word) noexcept { free_.push_back(word); }

  static constexpr std::size_t bytes = 64;

 private:
  std::vector<host_word> all_;
  std::vector<host_word> free_;
};

}  // namespace svf::cuda::detail
