// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <cmath>
#include <string>
#include <vector>

#include <svfmath/expert/algebra.hpp>

#include <support/close.hpp>
#include <support/experts.hpp>

namespace {

constexpr double ulp = 0x1p-23;  // of float, relative

// Values whose z − 1 is not exact in float, nor even in double.
svf::expert awkward(std::shared_ptr<svf::layout const> const& layout) {
  std::vector<float> const z = {1e-30f, -3e-12f, 0.1f,  -0.0f,       7e8f,
                                1e-45f, 1.0f,    -2.5f, 0.99999994f, 1.0000001f};
  return {layout, std::span<float const>(z), "awkward"};
}

double naive(svf::expert const& e, std::size_t i) { return double(e.values()[i]); }

}  // namespace

TEST_CASE("algebra: scale follows its formula and is exact at 0 and 1") {
  auto const layout = test::small_layout();
  for (auto const& e : {awkward(layout), test::random_expert(layout, "a", 1)}) {
    CHECK(svf::scale(e, 1.0).z() == e.z());
    CHECK(svf::scale(e, 0.0).is_identity());
  }
  auto const a = test::random_expert(layout, "a", 2);
  for (double const s : {-1.5, 0.3, 2.0}) {
    auto const scaled = svf::scale(a, s);
    for (std::size_t i = 0; i < 10; ++i) {
      CHECK(test::close(naive(scaled, i), 1.0 + s * (naive(a, i) - 1.0), 4.0 * ulp));
    }
  }
  CHECK(svf::scale(a, 0.3).name() == "scale(a)");
}

TEST_CASE("algebra: lerp ends exactly at its ends and is straight between them") {
  auto const layout = test::small_layout();
  auto const a = awkward(layout);
  auto const b = test::random_expert(layout, "b", 3);
  CHECK(svf::lerp(a, b, 0.0).z() == a.z());
  CHECK(svf::lerp(a, b, 1.0).z() == b.z());
  auto const middle = svf::lerp(a, b, 0.25);
  for (std::size_t i = 0; i < 10; ++i) {
    double const expected = 0.75 * naive(a, i) + 0.25 * naive(b, i);
    CHECK(test::close_relative(naive(middle, i), expected, ulp));
  }
}

TEST_CASE("algebra: difference against the base and against itself is exact") {
  auto const layout = test::small_layout();
  auto const base = svf::expert::identity(layout);
  auto const a = awkward(layout);
  auto const b = test::random_expert(layout, "b", 4);
  CHECK(svf::difference(a, base).z() == a.z());
  CHECK(svf::difference(b, b).is_identity());
  CHECK(svf::difference(a, a).is_identity());
  float const largest = std::nextafter(0x1p53f, 0.0f);
  std::vector<float> const edges = {largest, -largest, 1.0f, 1.0f, 1.0f,
                                    1.0f,    1.0f,     1.0f, 1.0f, 1.0f};
  svf::expert const edge(layout, std::span<float const>(edges), "edge");
  CHECK(svf::difference(edge, edge).is_identity());
  auto const c = test::random_expert(layout, "c", 5);
  auto const d = svf::difference(c, b);
  for (std::size_t i = 0; i < 10; ++i) {
    CHECK(test::close(naive(d, i), 1.0 + naive(c, i) - naive(b, i), 4.0 * ulp));
  }
}

TEST_CASE("algebra: product commutes, has the base as its one, and inverse undoes it") {
  auto const layout = test::small_layout();
  auto const a = test::random_expert(layout, "a", 6, -3.0f, 3.0f);
  auto const b = test::random_expert(layout, "b", 7, -3.0f, 3.0f);
  CHECK(svf::product(a, b).z() == svf::product(b, a).z());
  CHECK(svf::product(a, svf::expert::identity(layout)).z() == a.z());
  auto const one = svf::product(a, svf::inverse(a));
  for (std::size_t i = 0; i < 10; ++i) {
    CHECK(test::close(naive(one, i), 1.0, ulp));
    CHECK(test::close_relative(naive(svf::product(a, b), i), naive(a, i) * naive(b, i), ulp));
  }
}

TEST_CASE("algebra: inverse names the component it cannot invert") {
  auto const layout = test::small_layout();
  auto z = std::vector<float>(10, 2.0f);
  z[4] = 1e-7f;
  svf::expert const e(layout, std::span<float const>(z), "flat");
  CHECK_THROWS_WITH_AS(
      svf::inverse(e),
      "inverse: expected |z| not close to 0 in expert 'flat', got 1.00000001e-07 at "
      "'layers.0.down'[1]",
      svf::error);
  CHECK_NOTHROW(svf::inverse(e, 1e-8));
  z[4] = 0.0f;
  CHECK_THROWS_AS(svf::inverse(svf::expert(layout, std::span<float const>(z), "zero"), 0.0),
                  svf::error);
}

TEST_CASE("algebra: geometric interpolates logarithms and ends exactly at its ends") {
  auto const layout = test::small_layout();
  auto const a = test::random_expert(layout, "a", 8);
  auto const b = test::random_expert(layout, "b", 9);
  CHECK(svf::geometric(a, b, 0.0).z() == a.z());
  CHECK(svf::geometric(a, b, 1.0).z() == b.z());
  auto const g = svf::geometric(a, b, 0.3);
  for (std::size_t i = 0; i < 10; ++i) {
    double const expected = std::exp(0.7 * std::log(naive(a, i)) + 0.3 * std::log(naive(b, i)));
    CHECK(test::close_relative(naive(g, i), expected, ulp));
  }
  CHECK_THROWS_AS(svf::geometric(a, awkward(layout), 0.5), svf::error);
}

TEST_CASE("algebra: experts of different layouts are refused, naming both") {
  auto const a = test::random_expert(test::small_layout(), "a", 1);
  auto const other = std::make_shared<svf::layout const>(
      std::vector<svf::site_spec>{{"x", 10, 10, {}, 0}});
  auto const b = test::random_expert(other, "b", 1);
  char const* const tail =
      ": experts 'a' and 'b' have different layouts: 4 sites against 1";
  CHECK_THROWS_WITH_AS(svf::lerp(a, b, 0.5), (std::string("lerp") + tail).c_str(), svf::error);
  CHECK_THROWS_WITH_AS(svf::product(a, b), (std::string("product") + tail).c_str(), svf::error);
  CHECK_THROWS_AS(svf::difference(a, b), svf::error);
  CHECK_THROWS_AS(svf::geometric(a, b, 0.5), svf::error);
}

TEST_CASE("algebra: results that are not finite are refused") {
  auto const a = awkward(test::small_layout());
  CHECK_THROWS_AS(svf::scale(a, 1e60), svf::error);
  CHECK_THROWS_AS(svf::scale(a, std::nan("")), svf::error);
  CHECK_THROWS_AS(svf::lerp(a, a, HUGE_VAL), svf::error);
}
