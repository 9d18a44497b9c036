// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <svfmath/cpu.hpp>

/// The policies that the bodies in shared/ run under here; support/cuda_policies.cuh has the other
/// backend's. `seq` gives the bits of `par`, as the tests of the CPU backend see to.
#define SVFMATH_TEST_POLICIES svf::cpu::par

namespace test {

template <class Exec>
Exec make_policy() {
  return Exec(3);
}

}  // namespace test
