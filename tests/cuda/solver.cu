// SPDX-License-Identifier: Apache-2.0
#include <svfmath/cuda/solver.hpp>

#include <support/cuda_policies.cuh>

#include <shared/solver.hpp>
