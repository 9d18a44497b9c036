// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <concepts>
#include <memory>

#include <tbb/blocked_range.h>
#include <tbb/info.h>
#include <tbb/parallel_for.h>
#include <tbb/partitioner.h>
#include <tbb/task_arena.h>

#include <svfmath/core/error.hpp>
#include <svfmath/core/view.hpp>

/// CPU execution policies. Both give the same bits: an element of a result is computed in an order
/// that depends on the problem alone, and `par` only decides which thread computes it.
namespace svf::cpu {

/// Runs everything on the calling thread.
class seq {
 public:
  using space = host_space;

  seq() = default;
  seq(seq&&) = default;
  seq& operator=(seq&&) = default;

  int threads() const { return 1; }
};

/// Runs on a oneTBB arena of its own with `threads` threads (0: as many as the machine offers).
/// Throws `error{backend}` for a negative number.
class par {
 public:
  using space = host_space;

  explicit par(int threads = 0) {
    expects(threads >= 0, error_kind::backend,
            "cpu::par: expected a number of threads >= 0, got ", threads);
    threads_ = threads > 0 ? threads : tbb::info::default_concurrency();
    arena_ = std::make_unique<tbb::task_arena>(threads_);
  }
  par(par&&) = default;
  par& operator=(par&&) = default;

  int threads() const { return threads_; }
  tbb::task_arena& arena() { return *arena_; }

 private:
  int threads_ = 1;
  std::unique_ptr<tbb::task_arena> arena_;
};

/// Calls `body(i)` for every i in [0, count), in order on `seq` and in any order on `par`.
/// Exceptions leave the loop after the running calls end.
template <class Body>
void for_each_index(seq&, index_t count, Body&& body) {
  for (index_t i = 0; i < count; ++i) {
    body(i);
  }
}

template <class Body>
void for_each_index(par& exec, index_t count, Body&& body) {
  if (count <= 1 || exec.threads() == 1) {
    for (index_t i = 0; i < count; ++i) {
      body(i);
    }
    return;
  }
  exec.arena().execute([&] {
    tbb::parallel_for(
        tbb::blocked_range<index_t>(0, count, 1),
        [&](tbb::blocked_range<index_t> const& range) {
          for (index_t i = range.begin(); i != range.end(); ++i) {
            body(i);
          }
        },
        tbb::simple_partitioner{});
  });
}

/// Any policy of this backend.
template <class Exec>
concept policy = requires(Exec& exec) {
  typename Exec::space;
  { exec.threads() } -> std::convertible_to<int>;
  for_each_index(exec, index_t{}, [](index_t) {});
};

}  // namespace svf::cpu
