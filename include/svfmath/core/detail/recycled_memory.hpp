// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstddef>
#include <iterator>
#include <new>
#include <utility>
#include <vector>

#include <svfmath/core/detail/system_memory.hpp>

#if defined(__SANITIZE_ADDRESS__)
#define SVFMATH_ADDRESS_SANITIZER 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define SVFMATH_ADDRESS_SANITIZER 1
#endif
#endif
#ifdef SVFMATH_ADDRESS_SANITIZER
#include <sanitizer/asan_interface.h>
#endif

namespace svf::detail {

#ifdef SVFMATH_ADDRESS_SANITIZER
inline void mark_as_free(void* data, std::size_t bytes) {
  __asan_poison_memory_region(data, bytes);
}
inline void mark_as_used(void* data, std::size_t bytes) {
  __asan_unpoison_memory_region(data, bytes);
}
#else
inline void mark_as_free(void*, std::size_t) {}
inline void mark_as_used(void*, std::size_t) {}
#endif

/// Large blocks that one thread gave back, for its next ones of the same size: work that repeats
/// then finds its memory in place, where the system would clear every page anew. Keeps the youngest
/// blocks until it is destroyed. AddressSanitizer sees a kept block as freed.
class recycled_memory {
 public:
  static constexpr std::size_t smallest = std::size_t{1} << 16;  ///< bytes of a block worth keeping
  static constexpr std::size_t most = std::size_t{1} << 27;      ///< bytes of all that are kept

  recycled_memory() = default;
  recycled_memory(recycled_memory const&) = delete;
  recycled_memory& operator=(recycled_memory const&) = delete;
  ~recycled_memory() {
    while (!blocks_.empty()) {
      drop_oldest();
    }
  }

  /// As long as it lives, large blocks of this thread come from a `recycled_memory` and go to it.
  class use {
   public:
    explicit use(recycled_memory& memory) : before_(std::exchange(current(), &memory)) {}
    use(use const&) = delete;
    use& operator=(use const&) = delete;
    ~use() { current() = before_; }

   private:
    recycled_memory* before_;
  };

  /// A block of exactly this size, or null.
  static void* take(std::size_t bytes) {
    recycled_memory* const here = bytes >= smallest ? current() : nullptr;
    return here ? here->taken(bytes) : nullptr;
  }
  /// Whether the block is kept.
  static bool keep(void* data, std::size_t bytes) noexcept {
    recycled_memory* const here = bytes >= smallest && bytes <= most ? current() : nullptr;
    return here && here->kept(data, bytes);
  }

 private:
  struct block {
    void* data;
    std::size_t bytes;
  };

  static recycled_memory*& current() {
    thread_local recycled_memory* memory = nullptr;
    return memory;
  }

  void* taken(std::size_t bytes) {
    auto const found = std::find_if(blocks_.rbegin(), blocks_.rend(),
                                    [&](block const& b) { return b.bytes == bytes; });
    if (found == blocks_.rend()) {
      return nullptr;
    }
    void* const data = found->data;
    blocks_.erase(std::next(found).base());
    bytes_ -= bytes;
    mark_as_used(data, bytes);
    return data;
  }

  bool kept(void* data, std::size_t bytes) noexcept {
    try {
      blocks_.push_back({data, bytes});
    } catch (std::bad_alloc const&) {
      return false;
    }
    bytes_ += bytes;
    mark_as_free(data, bytes);
    while (bytes_ > most) {
      drop_oldest();
    }
    return true;
  }

  void drop_oldest() noexcept {
    block const oldest = blocks_.front();
    blocks_.erase(blocks_.begin());
    bytes_ -= oldest.bytes;
    mark_as_used(oldest.data, oldest.bytes);
    release_to_system(oldest.data, oldest.bytes);
  }

  std::vector<block> blocks_;  // from the oldest to the youngest
  std::size_t bytes_ = 0;      // of all of them
};

}  // namespace svf::detail
