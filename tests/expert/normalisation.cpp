// SPDX-License-Identifier: Apache-2.0
#include <vector>

#include <doctest/doctest.h>
#include <svfmath/expert/normalisation.hpp>
#include <svfmath/core/view_conversion.hpp>

TEST_CASE("normalisation: none is 1, nuclear keeps the sum of singular values") {
  std::vector<float> const s{10.0f, 1.0f};
  std::vector<float> const z{0.5f, 2.0f};  // the paper's example: sigma' = (5, 2)
  CHECK(svf::normaliser(svf::as_vector(s), svf::as_vector(z), svf::normalisation::none) == 1.0);
  CHECK(svf::normaliser(svf::as_vector(s), svf::as_vector(z), svf::normalisation::nuclear) ==
        11.0 / 7.0);
}

TEST_CASE("normalisation: a sum that is not positive is refused, the zero matrix is not") {
  std::vector<float> const s{3.0f, 1.0f};
  std::vector<float> const cancels{1.0f, -3.0f};
  std::vector<float> const zero{0.0f, 0.0f};
  CHECK_THROWS_WITH_AS(
      svf::normaliser(svf::as_vector(s), svf::as_vector(cancels), svf::normalisation::nuclear),
      "normaliser: expected a positive sum of sigma*z, got 0", svf::error);
  CHECK(svf::normaliser(svf::as_vector(zero), svf::as_vector(cancels),
                        svf::normalisation::nuclear) == 1.0);
}

TEST_CASE("normalisation: words go both ways, another word is refused") {
  for (auto kind : {svf::normalisation::none, svf::normalisation::nuclear}) {
    CHECK(svf::normalisation_from(svf::to_string(kind)) == kind);
  }
  CHECK_THROWS_AS(svf::normalisation_from("frobenius"), svf::error);
}
