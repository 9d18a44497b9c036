// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>

#include "engine.hpp"

namespace llama {

/// The bytes that this process can still allocate without swapping or being ended for it: what the
/// kernel calls available, or what is left below the limit of the process's control group (version
/// 2, its parents included, or 1) if that is less. `root`: where the system's /proc and /sys lie.
/// 1 GiB where neither can be read.
std::uint64_t available_memory(std::filesystem::path const& root = "/");

/// What is left where the policy computes.
std::uint64_t memory_left(cpu_policy const& exec);

}  // namespace llama
