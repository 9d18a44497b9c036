// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <functional>
#include <vector>

#include <svfmath/factor/accuracy.hpp>
#include <svfmath/factor/factor_cache.hpp>
#include <svfmath/factor/svd_factors.hpp>

#include "engine.hpp"
#include "sites.hpp"

namespace llama {

/// The factors of every site in one memory, and where they came from.
template <class Space>
struct basic_factored_sites {
  std::vector<svf::svd_factors<float, Space>> factors;  // by site
  std::vector<svf::factor_accuracy> accuracy;           // by site, of the factors as they are
  std::vector<svf::factor_accuracy> unrounded;          // before a cache's precision rounded them
  std::size_t from_cache = 0;                           // how many the cache held
  std::size_t kept = 0;                                 // how many it holds now
};

using factored_sites = basic_factored_sites<svf::host_space>;

/// How many sites are done, of how many.
using factor_progress = std::function<void(std::size_t, std::size_t)>;

/// The factors of every site, from the cache where it holds them and computed (and stored) where
/// not; what the cache keeps lies in its mapped files. One matrix per thread, and one at a time
/// among all processes that share the cache. `cache` may be null. `progress` is called after every
/// site, one call at a time.
factored_sites factor_sites(cpu_policy& exec, checkpoint const& source, model_sites const& sites,
                            svf::factor_cache const* cache, factor_progress const& progress = {});

}  // namespace llama
