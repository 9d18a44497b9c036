// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstddef>
#include <iterator>
#include <new>
#include <utility>
#include <vector>

#include <svfmath/core/detail/system_memory.hpp>

namespace svf::detail {

/// Large blocks that one thread gave back, for its next ones of the same size: work that repeats
/// then finds its memory in place, where the system would clear every page anew. Keeps at most
/// 256 MiB, the youngest blocks, until it is destroyed.
class recycled_memory {
 public:
  static constexpr std::size_t smallest = std::size_t{1} << 16;
  static constexpr std::size_t most = std::size_t{1} << 28;

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
    return data;
  }

  bool kept(void* data, std::size_t bytes) noexcept {
    try {
      blocks_.push_back({data, bytes});
    } catch (std::bad_alloc const&) {
      return false;
    }
    bytes_ += bytes;
    while (bytes_ > most) {
      drop_oldest();
    }
    return true;
  }

  void drop_oldest() noexcept {
    block const oldest = blocks_.front();
    blocks_.erase(blocks_.begin());
    bytes_ -= oldest.bytes;
    release_to_system(oldest.data, oldest.bytes);
  }

  std::vector<block> blocks_;  // from the oldest to the youngest
  std::size_t bytes_ = 0;      // of all of them
};

}  // namespace svf::detail
