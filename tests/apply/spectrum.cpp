// SPDX-License-Identifier: Apache-2.0
#include <limits>
#include <string>
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

TEST_CASE("spectrum: the first sigma' that is not finite is refused by index and value") {
  svf::cpu::seq exec;
  constexpr float inf = std::numeric_limits<float>::infinity();
  constexpr float nan = std::numeric_limits<float>::quiet_NaN();
  constexpr float largest = std::numeric_limits<float>::max();
  std::vector<float> const s{10.0f, 0.0f, 1.0f};
  auto const refusal = [&](std::vector<float> const& z) -> std::string {
    try {
      svf::expert_spectrum(exec, svf::as_vector(s), svf::as_vector(z));
    } catch (svf::error const& e) {
      return e.kind() == svf::error_kind::numeric ? e.what() : "another kind";
    }
    return "";
  };
  std::string const expected = "expert_spectrum: expected a finite sigma*z, got ";
  CHECK(refusal({1.0f, 1.0f, nan}) == expected + "nan at [2], where z = nan");
  CHECK(refusal({1.0f, -inf, nan}).ends_with("at [1], where z = -inf"));  // 0·Inf
  CHECK(refusal({largest, 1.0f, 1.0f}) == expected + "inf at [0], where z = 3.40282347e+38");
  CHECK(refusal({0.1f, largest, -largest}) == "");
}
