// SPDX-License-Identifier: Apache-2.0
#pragma once

/// Bodies for every backend; the including unit names its policies in SVFMATH_TEST_POLICIES.
#include <limits>
#include <string>
#include <vector>

#include <doctest/doctest.h>
#include <svfmath/apply/spectrum.hpp>
#include <svfmath/core/transfer.hpp>

namespace {

template <class Exec>
svf::vector<float> spectrum_of(Exec& exec, std::vector<float> const& s,
                               std::vector<float> const& z,
                               svf::normalisation kind = svf::normalisation::none) {
  auto const s_there = svf::vector_on(exec, s);
  auto const z_there = svf::vector_on(exec, z);
  return svf::host_vector(exec, svf::expert_spectrum(exec, s_there.view(), z_there.view(), kind));
}

}  // namespace

TEST_CASE_TEMPLATE("spectrum: sigma' = c sigma z, the paper's example", Exec,
                   SVFMATH_TEST_POLICIES) {
  auto exec = test::make_policy<Exec>();
  std::vector<float> const s{10.0f, 1.0f};
  std::vector<float> const z{0.5f, 2.0f};
  auto const plain = spectrum_of(exec, s, z);
  CHECK(plain[0] == 5.0f);
  CHECK(plain[1] == 2.0f);
  auto const kept = spectrum_of(exec, s, z, svf::normalisation::nuclear);
  CHECK(kept[0] == float(5.0 * 11.0 / 7.0));
  CHECK(kept[1] == float(2.0 * 11.0 / 7.0));
}

TEST_CASE_TEMPLATE("spectrum: z of another size is refused", Exec, SVFMATH_TEST_POLICIES) {
  auto exec = test::make_policy<Exec>();
  for (auto kind : {svf::normalisation::none, svf::normalisation::nuclear}) {
    CHECK_THROWS_WITH_AS(spectrum_of(exec, {10.0f, 1.0f}, {0.5f}, kind),
                         "normaliser: expected z of size 2, got 1", svf::error);
  }
}

TEST_CASE_TEMPLATE("spectrum: the first sigma' that is not finite is refused by index and value",
                   Exec, SVFMATH_TEST_POLICIES) {
  auto exec = test::make_policy<Exec>();
  constexpr float inf = std::numeric_limits<float>::infinity();
  constexpr float nan = std::numeric_limits<float>::quiet_NaN();
  constexpr float largest = std::numeric_limits<float>::max();
  auto const refusal = [&](std::vector<float> const& z) -> std::string {
    try {
      spectrum_of(exec, {10.0f, 0.0f, 1.0f}, z);
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
