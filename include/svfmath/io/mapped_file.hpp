// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/mman.h>

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <limits>
#include <span>
#include <utility>

#include <svfmath/core/error.hpp>
#include <svfmath/io/detail/posix.hpp>

namespace svf {

/// The content of a regular file, mapped read-only. Nothing is read until it is touched. A file
/// replaced by `rename` while it is mapped stays as it was; one truncated in place by somebody
/// else makes the system end the process on access, which is why svfmath always renames.
class mapped_file {
 public:
  /// Maps `path`. Throws `error{format}` if it is missing, empty or not a regular file, and
  /// `error{backend}` if the system refuses to open or map it. O(1).
  explicit mapped_file(std::filesystem::path path) : path_(std::move(path)) {
    // Without O_NONBLOCK a named pipe would wait here for a writer.
    detail::file_descriptor const file(
        detail::retry_interrupted([&] { return ::open(path_.c_str(), flags); }));
    if (!file.is_open()) {
      int const code = errno;
      bool const missing = code == ENOENT || code == ENOTDIR;
      fail(missing ? error_kind::format : error_kind::backend, "cannot open '", path_,
           "': ", detail::system_message(code));
    }
    struct stat status = {};
    bool const examined = ::fstat(file.get(), &status) == 0;
    expects(examined, error_kind::backend, "cannot examine '", path_,
            "': ", detail::system_message(errno));
    expects(!S_ISDIR(status.st_mode), error_kind::format, "'", path_,
            "': expected a file, got a folder");
    expects(S_ISREG(status.st_mode), error_kind::format, "'", path_,
            "': expected a regular file, got a device, pipe or socket");
    expects(status.st_size > 0, error_kind::format, "'", path_, "': the file is empty");
    expects(std::uint64_t(status.st_size) <= std::numeric_limits<std::size_t>::max() / 2,
            error_kind::backend, "'", path_, "': ", status.st_size, " bytes cannot be mapped");
    size_ = std::size_t(status.st_size);
    void* const address =
        ::mmap(nullptr, size_, PROT_READ, MAP_PRIVATE | MAP_NORESERVE, file.get(), 0);
    expects(address != MAP_FAILED, error_kind::backend, "cannot map '", path_,
            "': ", detail::system_message(errno));
    data_ = static_cast<std::byte const*>(address);
  }
  mapped_file(mapped_file&& other) noexcept
      : path_(std::move(other.path_)),
        data_(std::exchange(other.data_, nullptr)),
        size_(std::exchange(other.size_, 0)) {}
  mapped_file& operator=(mapped_file&& other) noexcept {
    std::swap(path_, other.path_);
    std::swap(data_, other.data_);
    std::swap(size_, other.size_);
    return *this;
  }
  ~mapped_file() {
    if (data_ != nullptr) {
      ::munmap(const_cast<std::byte*>(data_), size_);
    }
  }

  std::span<std::byte const> bytes() const { return {data_, size_}; }

  /// The same bytes, to be changed: a page that is written to becomes a copy of this object's own,
  /// and the file stays as it is. Throws `error{backend}` if the system refuses. O(1).
  std::span<std::byte> private_bytes() {
    auto* const address = const_cast<std::byte*>(data_);
    expects(::mprotect(address, size_, PROT_READ | PROT_WRITE) == 0, error_kind::backend,
            "cannot make '", path_, "' writable in memory: ", detail::system_message(errno));
    return {address, size_};
  }

  /// Tells the system that all bytes will soon be read in their order, so that it reads ahead.
  void read_ahead() const {
    ::madvise(const_cast<std::byte*>(data_), size_, MADV_SEQUENTIAL);  // no more than a hint
  }

  /// Takes that back.
  void read_as_usual() const {
    ::madvise(const_cast<std::byte*>(data_), size_, MADV_NORMAL);
  }

  std::size_t size() const { return size_; }
  std::filesystem::path const& path() const { return path_; }

 private:
  static constexpr int flags = O_RDONLY | O_CLOEXEC | O_NONBLOCK;

  std::filesystem::path path_;
  std::byte const* data_ = nullptr;
  std::size_t size_ = 0;
};

}  // namespace svf
