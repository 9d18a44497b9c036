// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cerrno>
#include <filesystem>
#include <utility>

#include <svfmath/core/error.hpp>
#include <svfmath/io/detail/locks.hpp>
#include <svfmath/io/detail/posix.hpp>

namespace svf {

/// Work that only one at a time does, among the threads of all processes that make a lock of the
/// same path. The lock is a file that is there only while it is held. Where a process dies its lock
/// is free at once, whatever file it left. Where the file system has no locks, nobody waits.
class file_lock {
 public:
  /// Waits until nobody else holds the lock at `path`, and holds it. Throws `error{backend}` naming
  /// `path` if its folder is missing or cannot be written.
  explicit file_lock(std::filesystem::path path) : path_(std::move(path)) {
    bool held = false;
    while (!held) {
      file_ = opened(O_RDWR | O_CREAT);
      if (!file_.is_open() && errno == EACCES) {  // perhaps another user's, which can be waited for
        file_ = opened(O_RDONLY);
        errno = EACCES;  // what to report where there is none
      }
      require(file_.is_open(), "open");
      bool const locked = detail::lock_exclusively(file_);
      require(locked || detail::locks_missing(errno), "lock");
      // Who held it before has removed the file, and somebody may have made another since.
      held = !locked || detail::is_at(file_, path_);
    }
  }
  file_lock(file_lock&& other) noexcept = default;
  file_lock& operator=(file_lock&&) = delete;
  /// Removes the file and frees the lock.
  ~file_lock() {
    if (file_.is_open()) {
      ::unlink(path_.c_str());  // before the lock is free, so that it is nobody else's file
    }
  }

  std::filesystem::path const& path() const { return path_; }

 private:
  detail::file_descriptor opened(int flags) const {
    return detail::file_descriptor(detail::retry_interrupted(
        [&] { return ::open(path_.c_str(), flags | O_CLOEXEC | O_NOFOLLOW, 0666); }));
  }

  void require(bool success, char const* action) const {
    int const code = errno;
    expects(success, error_kind::backend, "cannot ", action, " the lock '", path_,
            "': ", detail::system_message(code));
  }

  std::filesystem::path path_;
  detail::file_descriptor file_;
};

}  // namespace svf
