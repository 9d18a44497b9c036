// SPDX-License-Identifier: Apache-2.0
#include <vector>

#include <doctest/doctest.h>
#include <svfmath/apply/spectrum.hpp>
#include <svfmath/core/view_conversion.hpp>
#include <svfmath/cpu.hpp>

TEST_CASE("spectrum: sigma' = c sigma z, the paper's example") {
  svf::cpu::seq exec;
  std::vector<float> const s{10.0f, 1.0f};
  std::vector<float> const z{0.5f, 2.0f};
  auto const plain = svf::expert_spectrum(exec, svf::as_vector(s), svf::as_vector(z));
  CHECK(plain[0] == 5.0f);
  CHECK(plain[1] == 2.0f);
  auto const kept = svf::expert_spectrum(exec, svf::as_vector(s), svf::as_vector(z),
                                         svf::normalisation::nuclear);
  CHECK(kept[0] == float(5.0 * 11.0 / 7.0));
  CHECK(kept[1] == float(2.0 * 11.0 / 7.0));
}

TEST_CASE("spectrum: z of another size is refused") {
  svf::cpu::seq exec;
  std::vector<float> const s{10.0f, 1.0f};
  std::vector<float> const z{0.5f};
  CHECK_THROWS_AS(svf::expert_spectrum(exec, svf::as_vector(s), svf::as_vector(z)), svf::error);
}
