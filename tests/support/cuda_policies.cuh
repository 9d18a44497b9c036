// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <svfmath/cuda.cuh>

/// The policies that the bodies in shared/ run under in the tests of the CUDA backend.
#define SVFMATH_TEST_POLICIES svf::cuda::stream_policy

namespace test {

template <class Exec>
Exec make_policy() {
  return Exec();
}

}  // namespace test
