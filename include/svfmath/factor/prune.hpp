// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <system_error>

#include <svfmath/core/error.hpp>
#include <svfmath/factor/cache_entries.hpp>

namespace svf {

/// What a cache may keep. Nothing set: everything.
struct prune_limits {
  std::optional<std::uint64_t> bytes;        ///< of all entries together
  std::optional<std::chrono::seconds> age;  ///< since an entry was used last
};

struct prune_result {
  std::size_t removed = 0;  ///< entries
  std::uint64_t removed_bytes = 0;
  std::size_t kept = 0;
  std::uint64_t kept_bytes = 0;
  std::size_t abandoned = 0;  ///< temporaries and locks of killed processes, removed too
};

/// Removes entries of the cache in `directory` that are older than `limits.age`, then those used
/// longest ago until the rest fits `limits.bytes`; and whatever the limits, entries of an earlier
/// format and what killed processes left. Safe while others use the cache: who has an entry open
/// keeps it, and it is computed again when next asked for. Throws `error{backend}` if the folder
/// cannot be listed or an entry cannot be removed.
inline prune_result prune_cache(
    std::filesystem::path const& directory, prune_limits const& limits,
    std::chrono::system_clock::time_point now = std::chrono::system_clock::now()) {
  prune_result result;
  result.abandoned = remove_abandoned(directory);
  bool full = false;
  for (cache_entry const& entry : cache_entries(directory)) {  // those used last first
    using std::chrono::seconds;
    bool const fresh = !limits.age || std::chrono::floor<seconds>(now - entry.last_used) <=
                                          *limits.age;
    full = full || (entry.key && fresh && limits.bytes &&
                    result.kept_bytes + entry.bytes > *limits.bytes);
    bool const fits = !full;
    if (entry.key && fresh && fits) {
      ++result.kept;
      result.kept_bytes += entry.bytes;
      continue;
    }
    std::error_code code;
    std::filesystem::remove(entry.path, code);
    expects(!code, error_kind::backend, "prune_cache: cannot remove '", entry.path,
            "': ", code.message());
    ++result.removed;
    result.removed_bytes += entry.bytes;
  }
  return result;
}

}  // namespace svf
