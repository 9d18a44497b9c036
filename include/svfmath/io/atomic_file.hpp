// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <concepts>
#include <cstddef>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include <svfmath/core/error.hpp>
#include <svfmath/io/detail/locks.hpp>
#include <svfmath/io/detail/posix.hpp>

namespace svf {

/// A file that appears whole or not at all. Bytes go to a temporary in the same folder;
/// `commit` fsyncs it, renames it over `path` and fsyncs the folder. Until then, and whenever the
/// process dies, the file that was at `path` stays readable. The new file keeps the permissions of
/// the old one; a symbolic link at `path` is replaced, not followed. A temporary left by a killed
/// process is removed by the next writer of the same path; live ones are told apart by a lock.
/// Where the file system has no locks, nothing is removed.
class atomic_file {
 public:
  /// Creates the temporary. Throws `error{backend}` naming `path` if its folder is missing or
  /// cannot be written, or if `path` exists and is not a regular file.
  explicit atomic_file(std::filesystem::path path) : path_(std::move(path)) {
    expects(path_.has_filename(), error_kind::backend, "cannot write '", path_,
            "': it names no file");
    std::error_code missing;
    auto const status = std::filesystem::status(path_, missing);
    expects(!std::filesystem::exists(status) || std::filesystem::is_regular_file(status),
            error_kind::backend, "cannot write '", path_,
            "': something that is not a regular file is there");
    remove_abandoned();
    create_temporary();
  }
  atomic_file(atomic_file const&) = delete;
  atomic_file& operator=(atomic_file const&) = delete;
  ~atomic_file() {
    if (file_.is_open()) {
      ::unlink(temporary_.c_str());
    }
  }

  /// Appends `bytes`. Throws `error{backend}` if the disk is full or fails.
  void write(std::span<std::byte const> bytes) {
    while (!bytes.empty()) {
      std::size_t const piece = std::min(bytes.size(), largest_write);
      auto const written =
          detail::retry_interrupted([&] { return ::write(file_.get(), bytes.data(), piece); });
      require(written >= 0, "write");
      bytes = bytes.subspan(std::size_t(written));
    }
  }
  void write(std::string_view text) { write(std::as_bytes(std::span(text))); }

  /// Makes what was written the file at `path`. Throws `error{backend}`. The old file is then still
  /// there, unless it was flushing the folder that failed (the message says so): then the new file
  /// is in place, but a loss of power may bring the old one back. Call it once, last.
  void commit() {
    require(::fsync(file_.get()) == 0, "flush");
    require(::rename(temporary_.c_str(), path_.c_str()) == 0, "rename the temporary to");
    file_.close();
    detail::file_descriptor const folder(::open(folder_of(path_).c_str(), O_RDONLY | O_DIRECTORY));
    // Some file systems cannot flush a folder and say EINVAL.
    require(folder.is_open() && (::fsync(folder.get()) == 0 || errno == EINVAL),
            "flush the folder of");
  }

  std::filesystem::path const& path() const { return path_; }

  /// For which file in the same folder a temporary of this name would be: the first 200 bytes of
  /// its name, or nothing if the name is not one of a temporary.
  static std::string_view target_of(std::string_view temporary) {
    auto const mark = temporary.rfind(infix);
    if (!temporary.starts_with('.') || mark == temporary.npos) {
      return {};
    }
    std::string_view const numbers = temporary.substr(mark + infix.size());  // PID-ATTEMPT
    auto const dash = numbers.find('-');
    auto const is_number = [](std::string_view text) {
      return !text.empty() && text.find_first_not_of("0123456789") == text.npos;
    };
    bool const made_here = dash != numbers.npos && is_number(numbers.substr(0, dash)) &&
                           is_number(numbers.substr(dash + 1));
    return made_here ? temporary.substr(1, mark - 1) : std::string_view();
  }

 private:
  static constexpr std::string_view infix = ".tmp-";
  static constexpr std::size_t largest_write = std::size_t{1} << 30;

  static std::filesystem::path folder_of(std::filesystem::path const& path) {
    auto const folder = path.parent_path();
    return folder.empty() ? std::filesystem::path(".") : folder;
  }

  void require(bool success, char const* action) const {
    int const code = errno;
    expects(success, error_kind::backend, "cannot ", action, " '", path_,
            "': ", detail::system_message(code));
  }

  // Cut so that the temporary's name keeps below the 255 bytes that file systems allow.
  std::string target() const { return path_.filename().string().substr(0, 200); }

  void remove_abandoned() const {
    std::string const wanted = target();
    std::error_code ignored;
    std::filesystem::directory_iterator entry(folder_of(path_), ignored);
    for (; !ignored && entry != std::filesystem::directory_iterator(); entry.increment(ignored)) {
      if (target_of(entry->path().filename().string()) == wanted) {
        detail::remove_if_unlocked(entry->path());
      }
    }
  }

  void create_temporary() {
    std::string name = ".";
    name.append(target()).append(infix).append(std::to_string(::getpid())).append("-");
    auto const stem = folder_of(path_) / name;
    for (int attempt = 0; attempt < 1000; ++attempt) {
      temporary_ = stem;
      temporary_ += std::to_string(attempt);
      detail::file_descriptor file(
          ::open(temporary_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666));
      if (!file.is_open()) {
        require(errno == EEXIST || errno == EINTR, "create a temporary file beside");
        continue;
      }
      struct stat status = {};
      // The lock tells other writers that this temporary is in use; it ends with the process. Where
      // there are no locks, none can take it for an abandoned one, so it is safe without.
      bool const locked = detail::lock_exclusively(file) || detail::locks_missing(errno);
      if (!locked || ::fstat(file.get(), &status) != 0) {
        int const code = errno;
        ::unlink(temporary_.c_str());
        errno = code;
        require(false, "lock a temporary file beside");
      }
      // Another writer may have taken it for an abandoned one before the lock was held.
      if (status.st_nlink > 0) {
        file_ = std::move(file);
        keep_permissions();
        return;
      }
    }
    fail(error_kind::backend, "cannot write '", path_, "': too many temporary files beside it");
  }

  void keep_permissions() const {
    struct stat old = {};
    if (::lstat(path_.c_str(), &old) == 0 && S_ISREG(old.st_mode)) {
      require(::fchmod(file_.get(), old.st_mode & 07777) == 0, "set the permissions of");
    }
  }

  std::filesystem::path path_;
  std::filesystem::path temporary_;
  detail::file_descriptor file_;
};

/// Writes the file at `path` in one atomic step: `body(file)` writes to the `atomic_file`; if it
/// throws, nothing changes at `path`. Throws `error{backend}`.
template <std::invocable<atomic_file&> Body>
void write_atomically(std::filesystem::path const& path, Body&& body) {
  atomic_file file(path);
  body(file);
  file.commit();
}

/// Writes `bytes` as the file at `path` in one atomic step. Throws `error{backend}`.
inline void write_atomically(std::filesystem::path const& path, std::span<std::byte const> bytes) {
  write_atomically(path, [&](atomic_file& file) { file.write(bytes); });
}

/// Writes `text` as the file at `path` in one atomic step. Throws `error{backend}`.
inline void write_atomically(std::filesystem::path const& path, std::string_view text) {
  write_atomically(path, [&](atomic_file& file) { file.write(text); });
}

}  // namespace svf
