// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace svf::cpu::detail {

/// The vector instructions of the processor that runs the program; none on others than x86-64.
struct vector_instructions {
  bool avx2 = false;
  bool avx512 = false;
};

inline vector_instructions processor_instructions() {
#if defined(__x86_64__)
  return {__builtin_cpu_supports("avx2") != 0 && __builtin_cpu_supports("fma") != 0,
          __builtin_cpu_supports("avx512f") != 0};
#else
  return {};
#endif
}

}  // namespace svf::cpu::detail
