// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include <svfmath/expert/expert_file.hpp>

#include <transformer/adapted_model.hpp>

#include "cache_options.hpp"
#include "device.hpp"
#include "output.hpp"
#include "progress.hpp"

namespace cli {

/// --cache and --unverified-base, for commands that apply experts.
struct expert_options {
  cache_options cache;
  bool unverified_base = false;
};
/// --expert, which may be left out.
void add_expert(CLI::App& command, std::string& expert, std::string const& help);
void add_expert_options(CLI::App& command, expert_options& options);

/// The sites that an expert file says it has, by its tensors NAME.z. Throws `svf::error{format}`
/// for other tensors or none.
std::set<std::string> expert_sites(std::filesystem::path const& path);

/// The sites of these names, in the order of `all`. Throws `svf::error{shape}` naming `path` and
/// the first name that `all` lacks.
llama::model_sites select_sites(llama::model_sites const& all, std::set<std::string> const& names,
                                std::filesystem::path const& path);

/// Reads an expert of some or all of the sites. Without a base fingerprint, or for another base, it
/// is refused (the former only unless `unverified_base`).
svf::loaded_expert read_expert(std::filesystem::path const& path, llama::model_sites const& all,
                               bool unverified_base);

/// The expert on a layout that holds its sites and perhaps more: z = 1 elsewhere.
svf::expert extend(svf::expert const& e, std::shared_ptr<svf::layout const> const& onto,
                   std::string name);

/// Factors the sites on the engine, behind a progress bar.
template <llama::engine E>
auto factor_with_progress(policies<E> const& on, llama::checkpoint const& values,
                          llama::model_sites const& sites, cache_options const& options) {
  auto const cache = open_cache(options);
  progress_bar bar("matrices", std::size_t(sites.layout->count()));
  return llama::factor_sites(on.exec, values, sites, cache.get(),
                             [&](std::size_t done, std::size_t) { bar.set(done); });
}

}  // namespace cli
