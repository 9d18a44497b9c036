// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <string>
#include <system_error>
#include <utility>

#include <svfmath/core/error.hpp>

namespace svf::detail {

/// The operating system's words for an errno value.
inline std::string system_message(int code) { return std::generic_category().message(code); }

/// Owns a POSIX file descriptor.
class file_descriptor {
 public:
  file_descriptor() = default;
  explicit file_descriptor(int value) : value_(value) {}
  file_descriptor(file_descriptor&& other) noexcept : value_(std::exchange(other.value_, -1)) {}
  file_descriptor& operator=(file_descriptor&& other) noexcept {
    std::swap(value_, other.value_);
    return *this;
  }
  ~file_descriptor() { close(); }

  /// False if the system reports an error that it had held back until now.
  bool close() noexcept { return value_ < 0 || ::close(std::exchange(value_, -1)) == 0; }

  bool is_open() const noexcept { return value_ >= 0; }
  int get() const noexcept { return value_; }

 private:
  int value_ = -1;
};

/// Whether `path` names the very file that is open, not another or a link to it.
inline bool is_at(file_descriptor const& file, std::filesystem::path const& path) {
  struct stat open_file = {};
  struct stat named = {};
  return ::fstat(file.get(), &open_file) == 0 && ::lstat(path.c_str(), &named) == 0 &&
         open_file.st_dev == named.st_dev && open_file.st_ino == named.st_ino;
}

/// Calls `body` until it is not interrupted by a signal.
template <class Body>
auto retry_interrupted(Body&& body) {
  auto result = body();
  while (result < 0 && errno == EINTR) {
    result = body();
  }
  return result;
}

}  // namespace svf::detail
