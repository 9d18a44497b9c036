// SPDX-License-Identifier: Apache-2.0
#include <svfmath/cpu/policy.hpp>

#include <atomic>
#include <stdexcept>
#include <type_traits>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

TEST_CASE("policy: for_each_index calls every index once") {
  svf::cpu::seq seq;
  for (int threads : {1, 2, 5}) {
    svf::cpu::par par(threads);
    CHECK(par.threads() == threads);
    for (svf::index_t count : {0, 1, 2, 1000}) {
      std::vector<int> by_seq(std::size_t(count), 0);
      std::vector<std::atomic<int>> by_par(static_cast<std::size_t>(count));
      svf::cpu::for_each_index(seq, count, [&](svf::index_t i) { ++by_seq[std::size_t(i)]; });
      svf::cpu::for_each_index(par, count, [&](svf::index_t i) { ++by_par[std::size_t(i)]; });
      for (std::size_t i = 0; i < by_seq.size(); ++i) {
        CHECK(by_seq[i] == 1);
        CHECK(by_par[i].load() == 1);
      }
    }
  }
}

TEST_CASE("policy: an exception in the body reaches the caller, and the policy goes on working") {
  svf::cpu::par par(2);
  CHECK_THROWS_AS(svf::cpu::for_each_index(par, 100,
                                           [](svf::index_t i) {
                                             if (i == 42) {
                                               throw std::runtime_error("42");
                                             }
                                           }),
                  std::runtime_error);
  std::atomic<int> calls{0};
  svf::cpu::for_each_index(par, 100, [&](svf::index_t) { ++calls; });
  CHECK(calls.load() == 100);
}

TEST_CASE("policy: move-only, and a negative number of threads is refused") {
  static_assert(!std::is_copy_constructible_v<svf::cpu::par>);
  static_assert(!std::is_copy_constructible_v<svf::cpu::seq>);
  static_assert(std::is_nothrow_move_constructible_v<svf::cpu::par>);
  CHECK_THROWS_AS(svf::cpu::par(-1), svf::error);
  svf::cpu::par first(2);
  svf::cpu::par second = std::move(first);
  CHECK(second.threads() == 2);
  CHECK(svf::cpu::par().threads() >= 1);
  CHECK(svf::cpu::seq().threads() == 1);
}
