// SPDX-License-Identifier: Apache-2.0
#pragma once

/// The version of the headers, and what they assume of the compiler and of the processor they are
/// compiled for. The only conditional compilation outside of the `detail` folders.
#define SVFMATH_VERSION_MAJOR 0
#define SVFMATH_VERSION_MINOR 1
#define SVFMATH_VERSION_PATCH 0

/// In front of a function that kernels call as well as the host. Nothing without nvcc.
#if defined(__CUDACC__)
#define SVFMATH_HOST_DEVICE __host__ __device__
#else
#define SVFMATH_HOST_DEVICE
#endif

namespace svf::config {

#if defined(__AVX512F__)
inline constexpr int vector_bytes = 64;
inline constexpr int vector_registers = 32;
#elif defined(__AVX__)
inline constexpr int vector_bytes = 32;
inline constexpr int vector_registers = 16;
#elif defined(__aarch64__)
inline constexpr int vector_bytes = 16;
inline constexpr int vector_registers = 32;
#else
inline constexpr int vector_bytes = 16;
inline constexpr int vector_registers = 16;
#endif

}  // namespace svf::config
