// SPDX-License-Identifier: Apache-2.0
#include <svfmath/apply/spectrum.hpp>

#include <support/cpu_policies.hpp>

#include <shared/spectrum.hpp>
