// SPDX-License-Identifier: Apache-2.0
#include <svfmath/cuda/memory.hpp>

#include <support/cuda_policies.cuh>

#include <shared/memory.hpp>
