// SPDX-License-Identifier: Apache-2.0
#include <svfmath/cuda/blas.hpp>

#include <support/cuda_policies.cuh>

#include <shared/blas.hpp>
