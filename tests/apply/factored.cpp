// SPDX-License-Identifier: Apache-2.0
#include <svfmath/apply/factored.hpp>

#include <support/cpu_policies.hpp>

#include <shared/factored.hpp>
