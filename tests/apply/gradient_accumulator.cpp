// SPDX-License-Identifier: Apache-2.0
#include <svfmath/apply/gradient_accumulator.hpp>

#include <support/cpu_policies.hpp>

#include <shared/gradient_accumulator.hpp>
