// SPDX-License-Identifier: Apache-2.0
#include <svfmath/apply/expert_mixtures.hpp>

#include <support/cpu_policies.hpp>

#include <shared/expert_mixtures.hpp>
