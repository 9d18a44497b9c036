// SPDX-License-Identifier: Apache-2.0
#include <svfmath/factor/accuracy.hpp>

#include <support/cpu_policies.hpp>

#include <shared/accuracy.hpp>
