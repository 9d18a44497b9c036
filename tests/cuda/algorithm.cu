// SPDX-License-Identifier: Apache-2.0
#include <svfmath/cuda/algorithm.cuh>

#include <support/cuda_policies.cuh>

#include <shared/algorithm.hpp>
