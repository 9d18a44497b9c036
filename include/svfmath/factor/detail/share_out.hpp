// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <exception>
#include <mutex>
#include <span>
#include <thread>
#include <vector>

#include <svfmath/core/view.hpp>

namespace svf::detail {

/// Numbers that several threads take one after the other, until one of the threads fails.
class work_list {
 public:
  explicit work_list(index_t count) : count_(count) {}

  /// The next number, or -1 where there is none left or a thread has failed.
  index_t take() {
    std::scoped_lock const lock(mutex_);
    return problem_ != nullptr || next_ == count_ ? -1 : next_++;
  }
  /// To be called with what a thread has caught. The first one is kept.
  void stop(std::exception_ptr problem) {
    std::scoped_lock const lock(mutex_);
    if (problem_ == nullptr) {
      problem_ = problem;
    }
  }
  bool stopped() const {
    std::scoped_lock const lock(mutex_);
    return problem_ != nullptr;
  }
  /// Throws what was kept, if anything. With the threads at their ends.
  void rethrow() const {
    if (problem_ != nullptr) {
      std::rethrow_exception(problem_);
    }
  }

 private:
  mutable std::mutex mutex_;
  index_t count_;
  index_t next_ = 0;
  std::exception_ptr problem_;
};

/// body(exec, i) for every i of the list, on one thread for each policy: whoever is free takes the
/// next i. After an exception nobody takes another one, and it is thrown when all are done.
template <class Exec, class Body>
void share_out(std::span<Exec> execs, work_list& list, Body&& body) {
  auto const work = [&](Exec& exec) noexcept {
    try {
      for (index_t i = list.take(); i >= 0; i = list.take()) {
        body(exec, i);
      }
    } catch (...) {
      list.stop(std::current_exception());
    }
  };
  std::vector<std::thread> others;
  others.reserve(execs.size());
  try {
    for (Exec& exec : execs.subspan(1)) {
      others.emplace_back([&work, &exec] { work(exec); });
    }
  } catch (...) {  // there is no thread to be had
    list.stop(std::current_exception());
  }
  work(execs.front());
  for (std::thread& each : others) {
    each.join();
  }
  list.rethrow();
}

}  // namespace svf::detail
