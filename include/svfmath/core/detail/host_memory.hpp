// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>

#include <svfmath/core/detail/recycled_memory.hpp>
#include <svfmath/core/detail/system_memory.hpp>

namespace svf::detail {

/// `bytes` of uninitialised memory at a cache line. Throws std::bad_alloc.
inline void* allocate_host(std::size_t bytes) {
  void* const recycled = recycled_memory::take(bytes);
  return recycled ? recycled : allocate_from_system(bytes);
}

/// Gives back what `allocate_host(bytes)` returned, on any thread.
inline void release_host(void* data, std::size_t bytes) noexcept {
  if (!recycled_memory::keep(data, bytes)) {
    release_to_system(data, bytes);
  }
}

}  // namespace svf::detail
