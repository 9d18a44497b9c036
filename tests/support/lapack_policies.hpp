// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <svfmath/cpu/lapack.hpp>

/// The policies that the bodies in shared/ run under with LAPACK.
#define SVFMATH_TEST_POLICIES svf::cpu::with_lapack<svf::cpu::par>

namespace test {

template <class Exec>
Exec make_policy() {
  return Exec(3);
}

}  // namespace test
