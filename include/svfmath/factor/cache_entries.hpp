// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/stat.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

#include <svfmath/core/error.hpp>
#include <svfmath/factor/factor_key.hpp>
#include <svfmath/factor/fingerprint.hpp>
#include <svfmath/factor/svd_method.hpp>
#include <svfmath/io/atomic_file.hpp>
#include <svfmath/io/detail/locks.hpp>

/// What lies in the folder of a `factor_cache`, whoever put it there. Nothing here opens an entry.
namespace svf {

/// A file of factors in a cache's folder.
struct cache_entry {
  std::filesystem::path path;
  std::optional<factor_key> key;  ///< none: of an earlier format, which is not read any more
  std::uint64_t bytes = 0;
  std::chrono::system_clock::time_point last_used;  ///< made, or found by a cache
};

namespace detail {

inline constexpr std::string_view lock_suffix = ".lock";

/// "FINGERPRINT-METHOD.safetensors", as format 1 named its files.
inline bool is_first_format(std::string_view name) {
  constexpr std::string_view suffix = ".safetensors";
  auto const dash = name.find('-');
  if (dash == name.npos || !name.ends_with(suffix)) {
    return false;
  }
  try {
    fingerprint::from_hex(name.substr(0, dash));
    name.remove_suffix(suffix.size());
    svd_method_from(name.substr(dash + 1));
    return true;
  } catch (error const&) {
    return false;
  }
}

/// Calls visit(path, name) for everything in the folder. Throws `error{backend}`.
template <class Visit>
void for_each_file(std::filesystem::path const& directory, Visit&& visit) {
  std::error_code code;
  std::filesystem::directory_iterator file(directory, code);
  for (; !code && file != std::filesystem::directory_iterator(); file.increment(code)) {
    visit(file->path(), file->path().filename().string());
  }
  expects(!code, error_kind::backend, "cannot list the folder '", directory,
          "': ", code.message());
}

}  // namespace detail

/// The entries of the cache in `directory`, damaged ones included, those used last first. Throws
/// `error{backend}` if the folder is missing or cannot be listed. O(n log n), no entry is opened.
inline std::vector<cache_entry> cache_entries(std::filesystem::path const& directory) {
  std::vector<cache_entry> entries;
  detail::for_each_file(directory, [&](std::filesystem::path const& path, std::string const& name) {
    auto const key = factor_key::from_file_name(name);
    struct stat status = {};
    if ((!key && !detail::is_first_format(name)) || ::lstat(path.c_str(), &status) != 0) {
      return;
    }
    auto const since_1970 = std::chrono::seconds(status.st_mtim.tv_sec) +
                            std::chrono::nanoseconds(status.st_mtim.tv_nsec);
    entries.push_back({path, key, std::uint64_t(status.st_size),
                       std::chrono::system_clock::time_point(
                           std::chrono::duration_cast<std::chrono::system_clock::duration>(
                               since_1970))});
  });
  std::sort(entries.begin(), entries.end(), [](cache_entry const& a, cache_entry const& b) {
    return a.last_used != b.last_used ? a.last_used > b.last_used : a.path < b.path;
  });
  return entries;
}

/// Removes what processes that were killed left in the folder: temporary files and locks of
/// entries. Those of living processes stay. Returns how many went. Throws as `cache_entries`.
inline std::size_t remove_abandoned(std::filesystem::path const& directory) {
  std::size_t removed = 0;
  detail::for_each_file(directory, [&](std::filesystem::path const& path, std::string const& name) {
    std::string_view target = atomic_file::target_of(name);
    if (name.starts_with('.') && name.ends_with(detail::lock_suffix)) {
      target = std::string_view(name).substr(1, name.size() - 1 - detail::lock_suffix.size());
    }
    if (factor_key::from_file_name(target)) {
      removed += detail::remove_if_unlocked(path) ? 1u : 0u;
    }
  });
  return removed;
}

}  // namespace svf
