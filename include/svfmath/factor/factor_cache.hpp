// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <fcntl.h>
#include <sys/stat.h>

#include <atomic>
#include <concepts>
#include <cstddef>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <system_error>
#include <type_traits>
#include <utility>

#include <svfmath/core/error.hpp>
#include <svfmath/factor/cache_entries.hpp>
#include <svfmath/factor/cached_factors.hpp>
#include <svfmath/factor/factor_file.hpp>
#include <svfmath/factor/factor_key.hpp>
#include <svfmath/io/file_lock.hpp>

namespace svf {

/// How a cache came by factors.
enum class cache_outcome {
  found,     ///< they were there, or another thread or process made them meanwhile
  computed,  ///< they were computed and stored
  not_kept,  ///< they were computed, but the folder did not take them
};

/// What `factor_cache::find_or_compute` gives.
struct cache_answer {
  cached_factors<float> entry;
  cache_outcome outcome = cache_outcome::found;
};

/// Factors on disk, so that a model is factored once. A folder of the files of `write_factors`, one
/// for each `factor_key`, under its `file_name`. Entries appear whole or not at all: a process
/// killed at any moment leaves every earlier entry readable. What is found is mapped, not copied,
/// so a model's factors may be larger than memory; it is verified in full first. Members may be
/// called from several threads, and several processes may share a folder.
class factor_cache {
 public:
  using warning_callback = std::function<void(std::string const& message)>;

  /// Uses `directory` and makes it if it is missing. `warn` is told of damaged entries and, once,
  /// of a folder that takes none, by the thread that meets them. New entries are kept, and entries
  /// looked for, in `precision`. Throws `error{backend}` if the folder cannot be made.
  explicit factor_cache(std::filesystem::path directory, warning_callback warn = {},
                        storage_precision precision = storage_precision::fp32)
      : directory_(std::move(directory)), warn_(std::move(warn)), precision_(precision) {
    std::error_code code;
    std::filesystem::create_directories(directory_, code);
    expects(!code, error_kind::backend, "factor_cache: cannot make the folder '", directory_,
            "': ", code.message());
  }

  /// The factors stored for the matrix with content `content`, as T (see
  /// `mapped_factors::factors`), or nothing. An entry of which a single byte is not as it was
  /// written is reported to the warning callback and counts as absent. Notes that the entry was
  /// used. Throws `error{format}` for a T of 16 bits that this cache does not keep. One pass over
  /// the file.
  template <class T = float>
  std::optional<cached_factors<T>> find(fingerprint const& content, svd_method method) const {
    expects(std::is_same_v<T, float> || precision_ == precision_of<T>, error_kind::format,
            "factor_cache: expected to be asked for fp32 or the cache's own precision, ",
            to_string(precision_), ", got ", to_string(precision_of<T>));
    return find_file<T>(content, method, [&](error const& problem) {
      bool const damaged = problem.kind() == error_kind::format;
      warn(std::string("factor_cache: an entry ") + (damaged ? "is damaged" : "cannot be read") +
           " and will not be used: " + problem.what());
    });
  }

  /// Stores factors, over any earlier entry. Throws as `write_factors` does.
  void store(fingerprint const& content, svd_method method,
             cached_factors<float> const& entry) const {
    write_factors(path_of(content, method), key_of(content, method), entry);
  }

  /// The same, but where the folder does not take them the warning callback is told, once, and the
  /// result is false.
  bool try_store(fingerprint const& content, svd_method method,
                 cached_factors<float> const& entry) const {
    try {
      store(content, method, entry);
      return true;
    } catch (error const& problem) {
      if (problem.kind() != error_kind::backend) {
        throw;
      }
      warn_once(problem);
      return false;
    }
  }

  /// The factors stored for a matrix, or else those that `compute()` gives as cached_factors<float>
  /// (see `factors_to_keep`), stored for the next one. Of all threads and processes that ask for an
  /// entry at once, one computes and the others wait for it and find it. If that one dies, the next
  /// takes its place. Where the folder cannot be written the warning callback is told once, and
  /// everybody computes. Throws what `compute` throws, and `error{shape}` or `error{numeric}` if
  /// that gives no factors. `compute` must not ask this cache for anything, nor run tasks of others
  /// that may: two that wait for each other would wait for ever.
  template <std::invocable Compute>
  cache_answer find_or_compute(fingerprint const& content, svd_method method,
                               Compute&& compute) const {
    static_assert(std::is_same_v<std::invoke_result_t<Compute>, cached_factors<float>>,
                  "find_or_compute: expected a function that gives cached_factors<float>");
    if (auto found = find(content, method)) {
      return {std::move(*found), cache_outcome::found};
    }
    std::optional<file_lock> const lock = lock_entry(content, method);
    if (lock) {  // another may have made it while this one waited
      if (auto found = find_file<float>(content, method, [](error const&) {})) {
        return {std::move(*found), cache_outcome::found};
      }
    }
    cached_factors<float> made = compute();
    if (!lock || !try_store(content, method, made)) {
      return {std::move(made), cache_outcome::not_kept};
    }
    // From the file, so that factors which are not in use need no memory.
    auto kept = reopen(content, method);
    return {kept ? std::move(*kept) : std::move(made), cache_outcome::computed};
  }

  /// The file that holds, or would hold, the entry.
  std::filesystem::path path_of(fingerprint const& content, svd_method method) const {
    return directory_ / key_of(content, method).file_name();
  }

  std::filesystem::path const& directory() const { return directory_; }
  storage_precision precision() const { return precision_; }

  /// How many entries the folder holds, damaged ones and other precisions included. Throws
  /// `error{backend}` if it cannot be listed.
  std::size_t count() const { return cache_entries(directory_).size(); }

 private:
  factor_key key_of(fingerprint const& content, svd_method method) const {
    return {content, method, precision_};
  }

  void warn(std::string const& message) const {
    if (warn_) {
      warn_(message);
    }
  }

  void warn_once(error const& problem) const {
    if (!warned_->exchange(true)) {
      warn(std::string("factor_cache: factors are computed but not kept: ") + problem.what());
    }
  }

  template <class T, class Report>
  std::optional<cached_factors<T>> find_file(fingerprint const& content, svd_method method,
                                             Report&& report) const {
    auto const path = path_of(content, method);
    auto const is_there = [&] {
      std::error_code unknown;
      auto const type = std::filesystem::symlink_status(path, unknown).type();
      return type != std::filesystem::file_type::not_found &&
             type != std::filesystem::file_type::none;
    };
    if (!is_there()) {
      return std::nullopt;
    }
    try {
      auto found = read_factors<T>(path, key_of(content, method));
      // What `prune_cache` goes by. A folder that cannot be written keeps its entries' times.
      ::utimensat(AT_FDCWD, path.c_str(), nullptr, 0);
      return found;
    } catch (error const& problem) {
      if (is_there()) {  // not pruned meanwhile
        report(problem);
      }
      return std::nullopt;
    }
  }

  std::optional<file_lock> lock_entry(fingerprint const& content, svd_method method) const {
    std::string name = ".";
    name.append(key_of(content, method).file_name()).append(detail::lock_suffix);
    try {
      return file_lock(directory_ / name);
    } catch (error const& problem) {
      warn_once(problem);
      return std::nullopt;
    }
  }

  std::optional<cached_factors<float>> reopen(fingerprint const& content,
                                              svd_method method) const {
    try {
      return open_factors(path_of(content, method), key_of(content, method)).cached();
    } catch (error const&) {  // pruned already
      return std::nullopt;
    }
  }

  std::filesystem::path directory_;
  warning_callback warn_;
  storage_precision precision_;
  std::shared_ptr<std::atomic<bool>> warned_ = std::make_shared<std::atomic<bool>>(false);
};

}  // namespace svf
