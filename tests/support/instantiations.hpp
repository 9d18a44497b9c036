// SPDX-License-Identifier: Apache-2.0
#pragma once

/// Declares the instantiations of products and decompositions that instantiations_*.cpp hold, so
/// that a test which computes with them does not compile them again (half a minute).
#include <svfmath/cpu.hpp>

#define SVFMATH_TEST_INSTANTIATE_POLICY(prefix, Exec, T)                                           \
  prefix template void svf::cpu::gemm<svf::cpu::Exec, T>(                                          \
      svf::cpu::Exec&, T, svf::matrix_view<T const>, svf::matrix_view<T const>, T,                 \
      svf::matrix_view<T>);                                                                        \
  prefix template void svf::cpu::gram<svf::cpu::Exec, T>(                                          \
      svf::cpu::Exec&, svf::matrix_view<T const>, svf::matrix_view<T>);                            \
  prefix template void svf::cpu::eigh<svf::cpu::Exec, T>(                                          \
      svf::cpu::Exec&, svf::matrix_view<T const>, svf::vector_view<T>, svf::matrix_view<T>,        \
      double);                                                                                     \
  prefix template void svf::cpu::svd<svf::cpu::Exec, T>(                                           \
      svf::cpu::Exec&, svf::cpu::direct_svd, svf::matrix_view<T const>, svf::matrix_view<T>,       \
      svf::vector_view<T>, svf::matrix_view<T>);

#define SVFMATH_TEST_INSTANTIATE(prefix, T)                                                        \
  SVFMATH_TEST_INSTANTIATE_POLICY(prefix, seq, T)                                                  \
  SVFMATH_TEST_INSTANTIATE_POLICY(prefix, par, T)

SVFMATH_TEST_INSTANTIATE(extern, float)
SVFMATH_TEST_INSTANTIATE(extern, double)
