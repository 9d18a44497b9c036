// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/file.h>

#include <cerrno>
#include <filesystem>

#include <svfmath/io/detail/posix.hpp>

/// Locks on open files, by flock: they end with the process that holds them, however it ends, and
/// tell apart two openings of a file by one process.
namespace svf::detail {

/// Takes the exclusive lock of an open file. `mode` 0 waits for it, LOCK_NB does not. Sets errno.
inline bool lock_exclusively(file_descriptor const& file, int mode = 0) {
  return retry_interrupted([&] { return ::flock(file.get(), LOCK_EX | mode); }) == 0;
}

/// Whether errno says that the file system has no locks, as some network file systems.
inline bool locks_missing(int code) {
  return code == ENOLCK || code == EOPNOTSUPP || code == ENOSYS;
}

/// Removes the file at `path` if nobody holds its lock. Whether it was removed.
inline bool remove_if_unlocked(std::filesystem::path const& path) {
  file_descriptor const file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
  // Before the lock was held, its owner may have finished and another begun under its name.
  return file.is_open() && lock_exclusively(file, LOCK_NB) && is_at(file, path) &&
         ::unlink(path.c_str()) == 0;
}

}  // namespace svf::detail
