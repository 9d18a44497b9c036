// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <array>
#include <cmath>
#include <limits>
#include <vector>

#include <svfmath/expert/parameterisation.hpp>

#include <support/close.hpp>
#include <support/random.hpp>

namespace {

constexpr std::array all = {svf::parameterisation::direct, svf::parameterisation::sigmoid,
                            svf::parameterisation::exponential, svf::parameterisation::additive};

double naive_z(svf::parameterisation kind, double p, double sigma) {
  switch (kind) {
    case svf::parameterisation::direct: return p;
    case svf::parameterisation::sigmoid: return 2.0 / (1.0 + std::exp(-p));
    case svf::parameterisation::exponential: return std::exp(p);
    case svf::parameterisation::additive: return 1.0 + p / sigma;
  }
  return 0.0;
}

}  // namespace

TEST_CASE("parameterisation: the identity is exact for every sigma, zero included") {
  for (auto const kind : all) {
    for (float const sigma : {0.0f, 1e-30f, 1.0f, 7.5f}) {
      CHECK(svf::to_z(kind, svf::identity_parameter(kind), sigma) == 1.0f);
      CHECK(svf::from_z(kind, 1.0f, sigma) == svf::identity_parameter(kind));
    }
  }
}

TEST_CASE("parameterisation: z and its derivative follow the formulas") {
  std::size_t const size = 64;
  auto const p = test::normal_vector<float>(size, 1);
  auto const sigma = test::uniform_vector<float>(size, 0.5f, 4.0f, 2);
  auto const dz = test::normal_vector<float>(size, 3);
  std::vector<float> z(size);
  std::vector<float> dp(size);
  for (auto const kind : all) {
    CAPTURE(svf::to_string(kind));
    svf::to_z(kind, p, sigma, z);
    svf::chain(kind, p, sigma, dz, dp);
    for (std::size_t i = 0; i < size; ++i) {
      double const h = 1e-5;
      double const slope = (naive_z(kind, double(p[i]) + h, double(sigma[i])) -
                            naive_z(kind, double(p[i]) - h, double(sigma[i]))) /
                           (2.0 * h);
      CHECK(test::close_relative(double(z[i]), naive_z(kind, double(p[i]), double(sigma[i])),
                                 1e-6));
      CHECK(test::close_relative(double(dp[i]), double(dz[i]) * slope, 1e-6));
    }
  }
}

TEST_CASE("parameterisation: from_z undoes to_z") {
  std::size_t const size = 64;
  auto const sigma = test::uniform_vector<float>(size, 0.5f, 4.0f, 4);
  auto const z = test::uniform_vector<float>(size, 0.05f, 1.95f, 5);
  std::vector<float> p(size);
  std::vector<float> again(size);
  for (auto const kind : all) {
    CAPTURE(svf::to_string(kind));
    svf::from_z(kind, z, sigma, p);
    svf::to_z(kind, p, sigma, again);
    CHECK(test::max_difference(z, again) < 1e-6);
  }
}

TEST_CASE("parameterisation: extreme parameters stay finite where z is bounded") {
  for (float const p : {-200.0f, 200.0f}) {
    CHECK(std::isfinite(svf::to_z(svf::parameterisation::sigmoid, p, 1.0f)));
    CHECK(svf::z_derivative(svf::parameterisation::sigmoid, p, 1.0f) == 0.0f);
  }
}

TEST_CASE("parameterisation: wrong sizes, values out of range and unknown words are refused") {
  std::vector<float> const three(3, 1.0f);
  std::vector<float> two(2);
  std::vector<float> out(3);
  CHECK_THROWS_AS(svf::to_z(svf::parameterisation::direct, three, {}, two), svf::error);
  CHECK_THROWS_AS(svf::to_z(svf::parameterisation::additive, three, {}, out), svf::error);
  CHECK_THROWS_AS(svf::chain(svf::parameterisation::direct, three, {}, two, out), svf::error);
  CHECK_NOTHROW(svf::to_z(svf::parameterisation::sigmoid, three, {}, out));
  std::vector<float> const negative = {1.0f, -0.5f, 1.0f};
  CHECK_THROWS_WITH_AS(svf::from_z(svf::parameterisation::exponential, negative, {}, out),
                       "from_z: z[1] = -0.5 has no parameter in the parameterisation exponential",
                       svf::error);
  for (auto const kind : all) {
    CHECK(svf::parameterisation_from(svf::to_string(kind)) == kind);
  }
  CHECK_THROWS_AS(svf::parameterisation_from("softplus"), svf::error);
}

TEST_CASE("parameterisation: sigma of another size is refused, for every kind") {
  std::vector<float> const p(10, 0.5f);
  std::vector<float> const few(1, 2.0f);
  std::vector<float> out(10);
  for (auto const kind : {svf::parameterisation::direct, svf::parameterisation::sigmoid,
                          svf::parameterisation::exponential, svf::parameterisation::additive}) {
    CHECK_THROWS_AS(svf::to_z(kind, p, few, out), svf::error);
    CHECK_THROWS_AS(svf::from_z(kind, p, few, out), svf::error);
    CHECK_THROWS_AS(svf::chain(kind, p, few, p, out), svf::error);
  }
}
