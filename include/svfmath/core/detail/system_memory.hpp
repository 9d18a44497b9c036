// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <new>

#if defined(__linux__)
#include <sys/mman.h>
#endif

namespace svf::detail {

/// The width of a cache line, which is also the widest vector register.
inline constexpr std::size_t cache_line = 64;

/// The size of a huge page, where the system has them.
inline constexpr std::size_t huge_page = std::size_t{1} << 21;

/// How many of the first bytes of a block are asked for in huge pages: all of them where the last
/// page wastes at most a quarter of the block, otherwise the whole pages. With pages of 4 KiB, the
/// first touch of a fresh matrix costs more than a pass of arithmetic over it.
constexpr std::size_t huge_part(std::size_t bytes) {
  std::size_t const whole = bytes / huge_page * huge_page;
  bool const worth_one_more = bytes > whole && whole + huge_page - bytes <= bytes / 4;
  return worth_one_more ? whole + huge_page : whole;
}

constexpr std::align_val_t host_alignment(std::size_t bytes) {
  return std::align_val_t{huge_part(bytes) > 0 ? huge_page : cache_line};
}

/// Memory from the system, uninitialised, at a cache line. Throws std::bad_alloc.
inline void* allocate_from_system(std::size_t bytes) {
  std::size_t const huge = huge_part(bytes);
  void* const result = ::operator new(bytes > huge ? bytes : huge, host_alignment(bytes));
#if defined(__linux__)
  if (huge > 0) {
    // Advice: where the system does not follow it, everything works as well, but slower.
    static_cast<void>(::madvise(result, huge, MADV_HUGEPAGE));
  }
#endif
  return result;
}

/// Gives back what `allocate_from_system(bytes)` returned.
inline void release_to_system(void* data, std::size_t bytes) noexcept {
  ::operator delete(data, host_alignment(bytes));
}

}  // namespace svf::detail
