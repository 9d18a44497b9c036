// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstddef>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

#include <svfmath/core/error.hpp>
#include <svfmath/factor/factor_file.hpp>

namespace svf {

/// Factors on disk, so that a model is factored once. A folder of the files of `write_factors`,
/// named FINGERPRINT-METHOD.safetensors, one for each matrix. Entries appear whole or not at all: a
/// process killed at any moment leaves every earlier entry readable. Members may be called from
/// several threads, and several processes may share a folder.
class factor_cache {
 public:
  using warning_callback = std::function<void(std::string const& message)>;

  /// Uses `directory` and makes it if it is missing. `warn` is told of damaged entries, by the
  /// thread that meets them. Throws `error{backend}` if the folder cannot be made.
  explicit factor_cache(std::filesystem::path directory, warning_callback warn = {})
      : directory_(std::move(directory)), warn_(std::move(warn)) {
    std::error_code code;
    std::filesystem::create_directories(directory_, code);
    expects(!code, error_kind::backend, "factor_cache: cannot make the folder '", directory_,
            "': ", code.message());
  }

  /// The factors stored for the matrix with content `key`, or nothing. An entry that `read_factors`
  /// refuses is reported to the warning callback and counts as absent.
  std::optional<cached_factors<float>> find(fingerprint const& key, svd_method method) const {
    auto const path = path_of(key, method);
    std::error_code unknown;
    auto const status = std::filesystem::symlink_status(path, unknown);
    if (status.type() == std::filesystem::file_type::not_found) {
      return std::nullopt;
    }
    try {
      return read_factors(path, key, method);
    } catch (error const& problem) {
      if (warn_) {
        warn_(std::string("factor_cache: an entry is damaged and will not be used: ") +
              problem.what());
      }
      return std::nullopt;
    }
  }

  /// Stores factors, over any earlier entry. Throws as `write_factors` does.
  void store(fingerprint const& key, svd_method method, svd_factors<float> const& factors,
             factor_accuracy const& accuracy) const {
    write_factors(path_of(key, method), key, method, factors, accuracy);
  }

  /// The file that holds, or would hold, the entry.
  std::filesystem::path path_of(fingerprint const& key, svd_method method) const {
    std::string name = key.hex();
    name.append("-").append(to_string(method)).append(suffix);
    return directory_ / name;
  }

  std::filesystem::path const& directory() const { return directory_; }

  /// How many entries the folder holds, damaged ones included. Throws `error{backend}` if it cannot
  /// be listed.
  std::size_t count() const {
    std::size_t entries = 0;
    std::error_code code;
    std::filesystem::directory_iterator file(directory_, code);
    for (; !code && file != std::filesystem::directory_iterator(); file.increment(code)) {
      entries += is_entry(file->path().filename().string()) ? 1u : 0u;
    }
    expects(!code, error_kind::backend, "factor_cache: cannot list the folder '", directory_,
            "': ", code.message());
    return entries;
  }

 private:
  static constexpr std::string_view suffix = ".safetensors";

  // Whether `path_of` makes this name for some key and method.
  static bool is_entry(std::string_view name) {
    constexpr std::size_t digits = 32;
    bool const has_key = name.size() > digits && name[digits] == '-' &&
                         name.substr(0, digits).find_first_not_of("0123456789abcdef") == name.npos;
    if (!has_key || !name.ends_with(suffix)) {
      return false;
    }
    name.remove_prefix(digits + 1);
    name.remove_suffix(suffix.size());
    auto const methods = {svd_method::gram, svd_method::divide_and_conquer, svd_method::jacobi};
    return std::any_of(methods.begin(), methods.end(),
                       [&](svd_method method) { return to_string(method) == name; });
  }

  std::filesystem::path directory_;
  warning_callback warn_;
};

}  // namespace svf
