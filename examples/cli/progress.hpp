// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <mutex>
#include <string>

#include "output.hpp"

namespace cli {

/// A bar on stderr that says how much of some work is done, how fast and how much time is left.
/// Where stderr is not a terminal it prints nothing. Members may be called from several threads.
class progress_bar {
 public:
  /// "[#####.....] 105/210 matrices, 5.0/s, 0:21 left" for `unit` "matrices".
  progress_bar(std::string unit, std::size_t total);
  progress_bar(progress_bar const&) = delete;
  progress_bar& operator=(progress_bar const&) = delete;
  ~progress_bar() { clear(); }

  void advance(std::size_t count = 1);
  void set(std::size_t done);
  /// Takes the bar off the screen; the next advance shows it again.
  void clear();

 private:
  void update(std::size_t done);
  void draw();

  std::string unit_;
  std::size_t total_;
  std::size_t done_ = 0;
  bool terminal_;
  bool shown_ = false;
  double drawn_at_ = -1.0;
  stopwatch watch_;
  std::mutex mutex_;
};

}  // namespace cli
