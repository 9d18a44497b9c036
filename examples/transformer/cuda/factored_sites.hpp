// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <svfmath/cuda/memory.hpp>
#include <svfmath/cuda/policy.hpp>

#include "../factored_sites.hpp"

namespace llama {

/// As on the CPU; what the cache lacks is factored on the device, many matrices at a time.
basic_factored_sites<svf::device_space> factor_sites(svf::cuda::stream_policy& exec,
                                                     checkpoint const& source,
                                                     model_sites const& sites,
                                                     svf::factor_cache const* cache,
                                                     factor_progress const& progress = {});

/// The bytes that the policy can still allocate: what is free on the device or in its own pool.
std::uint64_t memory_left(svf::cuda::stream_policy const& exec);

}  // namespace llama
