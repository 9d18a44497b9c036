// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <stdexcept>
#include <string>

/// Processes for tests of what happens between them, and when they die.
namespace test {

/// Bytes from one process to another, which wait for each other by it.
class pipe_line {
 public:
  pipe_line() {
    if (::pipe(ends_) != 0) {
      throw std::runtime_error("pipe_line: pipe failed");
    }
  }
  pipe_line(pipe_line const&) = delete;
  pipe_line& operator=(pipe_line const&) = delete;
  ~pipe_line() {
    ::close(ends_[0]);
    ::close(ends_[1]);
  }

  void send(std::size_t count = 1) const {
    std::string const bytes(count, 'x');
    if (::write(ends_[1], bytes.data(), bytes.size()) != ssize_t(count)) {
      throw std::runtime_error("pipe_line: write failed");
    }
  }

  /// Waits for `count` bytes.
  void receive(std::size_t count = 1) const {
    char byte = 0;
    while (count > 0) {
      auto const got = ::read(ends_[0], &byte, 1);
      if (got == 0 || (got < 0 && errno != EINTR)) {
        throw std::runtime_error("pipe_line: read failed");
      }
      count -= got > 0 ? 1u : 0u;
    }
  }

 private:
  int ends_[2] = {-1, -1};
};

/// A copy of this process that runs `body` and ends with status 0 if that returns true. A copy that
/// hangs is ended after a minute; one that still runs at the end of the scope is killed.
class child_process {
 public:
  template <class Body>
  explicit child_process(Body const& body) : id_(::fork()) {
    if (id_ < 0) {
      throw std::runtime_error("child_process: fork failed");
    }
    if (id_ == 0) {
      ::alarm(60);
      bool good = false;
      try {
        good = body();
      } catch (...) {
      }
      ::_exit(good ? 0 : 1);
    }
  }
  child_process(child_process&& other) noexcept : id_(other.id_) { other.id_ = -1; }
  child_process& operator=(child_process&&) = delete;
  ~child_process() {
    if (id_ > 0) {
      kill();
    }
  }

  /// Its exit status, or minus the signal that ended it.
  int wait() {
    int status = 0;
    while (::waitpid(id_, &status, 0) < 0 && errno == EINTR) {
    }
    id_ = -1;
    return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
  }

  int kill() {
    ::kill(id_, SIGKILL);
    return wait();
  }

 private:
  pid_t id_;
};

}  // namespace test
