// SPDX-License-Identifier: Apache-2.0
#pragma once

/// The CPU backend: Eigen and oneTBB. Includes every stem before a concept looks at the policies.
#include <svfmath/cpu/algorithm.hpp>
#include <svfmath/cpu/blas.hpp>
#include <svfmath/cpu/memory.hpp>
#include <svfmath/cpu/policy.hpp>
#include <svfmath/cpu/solver.hpp>

#include <svfmath/core/concepts.hpp>

namespace svf::cpu {
static_assert(execution_policy<seq> && execution_policy<par>);
}  // namespace svf::cpu
