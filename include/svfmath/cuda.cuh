// SPDX-License-Identifier: Apache-2.0
#pragma once

/// The CUDA backend: Thrust, cuBLAS and cuSOLVER. Needs nvcc. Includes every stem before a concept
/// looks at the policy.
#include <svfmath/cuda/algorithm.cuh>
#include <svfmath/cuda/blas.hpp>
#include <svfmath/cuda/memory.hpp>
#include <svfmath/cuda/policy.hpp>
#include <svfmath/cuda/solver.hpp>

#include <svfmath/core/concepts.hpp>

namespace svf::cuda {
static_assert(execution_policy<stream_policy>);
}  // namespace svf::cuda
