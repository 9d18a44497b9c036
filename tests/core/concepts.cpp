// SPDX-License-Identifier: Apache-2.0
#include <svfmath/core/concepts.hpp>

#include <doctest/doctest.h>

#include <svfmath/cpu.hpp>

namespace {

struct no_primitives {
  using space = svf::host_space;
};

}  // namespace

TEST_CASE("concepts: the CPU policies are execution policies, other types are not") {
  static_assert(svf::execution_policy<svf::cpu::seq>);
  static_assert(svf::execution_policy<svf::cpu::par>);
  static_assert(!svf::execution_policy<no_primitives>);
  static_assert(!svf::execution_policy<int>);
  static_assert(svf::scalar<float> && svf::scalar<double> && !svf::scalar<int>);
}
