// SPDX-License-Identifier: Apache-2.0
#include <svfmath/apply/leading.hpp>

#include <support/cpu_policies.hpp>

#include <shared/leading.hpp>
