// SPDX-License-Identifier: Apache-2.0
#include "everything.hpp"

int second_unit() { return int(svf::matrix<float>(1, 2).size()); }
