// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>

#include <CLI/CLI.hpp>

#include <svfmath/factor/factor_cache.hpp>

namespace cli {

/// --cache and the precision of what is kept there.
struct cache_options {
  std::string folder;  ///< empty: no cache
  std::string precision = "fp32";

  bool empty() const { return folder.empty(); }
};

/// Adds --cache, which the environment variable SVFMATH_CACHE stands in for.
CLI::Option* add_cache_folder(CLI::App& command, std::string& folder);
/// The same and an option for the precision, "--cache-precision" or `precision_names`.
void add_cache(CLI::App& command, cache_options& options,
               std::string const& precision_names = "--cache-precision");

/// The cache that the options ask for, or null: without a folder, and where it cannot be made,
/// which one line on stderr says. What killed processes left in it is removed.
std::unique_ptr<svf::factor_cache const> open_cache(cache_options const& options);

}  // namespace cli
