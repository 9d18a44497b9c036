// SPDX-License-Identifier: Apache-2.0
#include <svfmath/core/detail/recycled_memory.hpp>

#include <cstddef>
#include <cstring>
#include <stdexcept>
#include <thread>

#include <doctest/doctest.h>
#include <svfmath/core/detail/host_memory.hpp>

namespace {

using svf::detail::allocate_host;
using svf::detail::recycled_memory;
using svf::detail::release_host;

constexpr std::size_t size = recycled_memory::smallest + 4096;

}  // namespace

TEST_CASE("recycled_memory: a block comes back once, for the same size alone") {
  recycled_memory memory;
  recycled_memory::use const here(memory);
  void* const block = allocate_host(size);
  std::memset(block, 1, size);
  CHECK(recycled_memory::take(size) == nullptr);
  release_host(block, size);
  CHECK(recycled_memory::take(size + 64) == nullptr);
  CHECK(recycled_memory::take(size - 64) == nullptr);
  CHECK(recycled_memory::take(size) == block);
  CHECK(recycled_memory::take(size) == nullptr);
  std::memset(block, 2, size);
  release_host(block, size);
}

TEST_CASE("recycled_memory: small blocks and those beyond the limit are not kept") {
  recycled_memory memory;
  recycled_memory::use const here(memory);
  for (std::size_t const bytes : {recycled_memory::smallest - 1, recycled_memory::most + 1}) {
    void* const block = svf::detail::allocate_from_system(bytes);
    CHECK_FALSE(recycled_memory::keep(block, bytes));
    svf::detail::release_to_system(block, bytes);
  }
}

TEST_CASE("recycled_memory: beyond the limit the oldest blocks go") {
  recycled_memory memory;
  recycled_memory::use const here(memory);
  constexpr std::size_t third = recycled_memory::most / 3;
  for (std::size_t i = 0; i < 4; ++i) {
    std::size_t const bytes = third + 64 * i;
    release_host(svf::detail::allocate_from_system(bytes), bytes);
  }
  CHECK(recycled_memory::take(third) == nullptr);
  CHECK(recycled_memory::take(third + 64) == nullptr);  // three are a little more than `most`
  for (std::size_t i = 2; i < 4; ++i) {
    void* const block = recycled_memory::take(third + 64 * i);
    CHECK(block != nullptr);
    svf::detail::release_to_system(block, third + 64 * i);
  }
}

TEST_CASE("recycled_memory: uses nest and end with their scope, after an exception too") {
  recycled_memory outer;
  recycled_memory inner;
  {
    recycled_memory::use const first(outer);
    void* const block = allocate_host(size);
    release_host(block, size);
    try {
      recycled_memory::use const second(inner);
      CHECK(recycled_memory::take(size) == nullptr);
      throw std::runtime_error("out of here");
    } catch (std::runtime_error const&) {
    }
    CHECK(recycled_memory::take(size) == block);
    release_host(block, size);
  }
  CHECK(recycled_memory::take(size) == nullptr);
}

TEST_CASE("recycled_memory: another thread gives a block back to the system") {
  recycled_memory memory;
  recycled_memory::use const here(memory);
  void* const block = allocate_host(size);
  std::thread([&] { release_host(block, size); }).join();
  CHECK(recycled_memory::take(size) == nullptr);
}
