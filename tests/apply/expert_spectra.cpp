// SPDX-License-Identifier: Apache-2.0
#include <svfmath/apply/expert_spectra.hpp>

#include <support/cpu_policies.hpp>

#include <shared/expert_spectra.hpp>
