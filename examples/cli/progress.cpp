// SPDX-License-Identifier: Apache-2.0
#include "progress.hpp"

#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <utility>

#include <fmt/format.h>

namespace cli {

namespace {

constexpr std::size_t bar_width = 30;
constexpr double seconds_between_frames = 0.1;

}  // namespace

progress_bar::progress_bar(std::string unit, std::size_t total)
    : unit_(std::move(unit)),
      total_(std::max<std::size_t>(total, 1)),
      terminal_(::isatty(STDERR_FILENO) == 1) {
  set(0);
}

void progress_bar::advance(std::size_t count) {
  std::scoped_lock const lock(mutex_);
  update(done_ + count);
}

void progress_bar::set(std::size_t done) {
  std::scoped_lock const lock(mutex_);
  update(done);
}

void progress_bar::update(std::size_t done) {
  done_ = std::min(done, total_);
  double const now = watch_.seconds();
  bool const due = drawn_at_ < 0.0 || now - drawn_at_ >= seconds_between_frames;
  if (terminal_ && (due || done_ == total_)) {
    drawn_at_ = now;
    draw();
  }
}

void progress_bar::clear() {
  std::scoped_lock const lock(mutex_);
  if (shown_) {
    fmt::print(stderr, "\r\x1b[K");
    std::fflush(stderr);
    shown_ = false;
    drawn_at_ = -1.0;
  }
}

void progress_bar::draw() {
  double const share = double(done_) / double(total_);
  auto const filled = std::size_t(share * double(bar_width));
  std::string left;
  if (done_ > 0 && done_ < total_) {
    double const seconds = std::max(watch_.seconds(), 1e-3);
    left = fmt::format(", {:.1f}/s, {} left", double(done_) / seconds,
                       duration_text(seconds * (1.0 - share) / share));
  }
  fmt::print(stderr, "\r[{:#<{}}{:.<{}}] {}/{} {}{}\x1b[K", "", filled, "", bar_width - filled,
             done_, total_, unit_, left);
  std::fflush(stderr);
  shown_ = true;
}

}  // namespace cli
