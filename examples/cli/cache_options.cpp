// SPDX-License-Identifier: Apache-2.0
#include "cache_options.hpp"

#include <mutex>

#include <svfmath/core/error.hpp>

#include "output.hpp"

namespace cli {

CLI::Option* add_cache_folder(CLI::App& command, std::string& folder) {
  return command
      .add_option("--cache", folder, "Folder that keeps factors, so that each is made once")
      ->type_name("DIR")
      ->envname("SVFMATH_CACHE")
      ->check(not_empty());
}

void add_cache(CLI::App& command, cache_options& options, std::string const& precision_names) {
  add_cache_folder(command, options.folder);
  command
      .add_option(precision_names, options.precision,
                  "Of U and Vt in the cache: fp32, bf16 or fp16")
      ->check(CLI::IsMember({"fp32", "bf16", "fp16"}))
      ->capture_default_str();
}

std::unique_ptr<svf::factor_cache const> open_cache(cache_options const& options) {
  if (options.empty()) {
    return nullptr;
  }
  auto const mutex = std::make_shared<std::mutex>();
  auto const tell = [mutex](std::string const& message) {
    std::scoped_lock const lock(*mutex);
    warn(message);
  };
  try {
    auto cache = std::make_unique<svf::factor_cache const>(
        options.folder, tell, svf::storage_precision_from(options.precision));
    svf::remove_abandoned(options.folder);
    return cache;
  } catch (svf::error const& problem) {
    warn(std::string(problem.what()) + "; going on without a cache");
    return nullptr;
  }
}

}  // namespace cli
