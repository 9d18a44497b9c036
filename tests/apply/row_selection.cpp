// SPDX-License-Identifier: Apache-2.0
#include <svfmath/apply/row_selection.hpp>

#include <support/cpu_policies.hpp>

#include <shared/row_selection.hpp>
