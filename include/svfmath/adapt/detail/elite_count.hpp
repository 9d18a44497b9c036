// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cmath>

#include <svfmath/core/view.hpp>

namespace svf::detail {

// ⌈x⌉ of a product that is meant to be whole but for its rounding: 0.07 · 100 is 7.000000000000001.
inline double ceiling(double x) { return std::ceil(x - 1e-9); }

inline index_t elite_count(double ratio, index_t members) {
  return std::min(members, std::max(index_t{2}, index_t(ceiling(ratio * double(members)))));
}

}  // namespace svf::detail
