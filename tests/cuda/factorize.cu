// SPDX-License-Identifier: Apache-2.0
#include <support/cuda_policies.cuh>

#include <shared/factorize.hpp>
#include <shared/leading_factors.hpp>
