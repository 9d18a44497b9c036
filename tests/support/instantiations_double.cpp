// SPDX-License-Identifier: Apache-2.0
#include "support/instantiations.hpp"

SVFMATH_TEST_INSTANTIATE(, double)
