// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include <svfmath/core/view_conversion.hpp>
#include <svfmath/expert/expert.hpp>

#include <support/experts.hpp>

TEST_CASE("expert: the identity is one everywhere and knows it") {
  auto const layout = test::small_layout();
  auto const base = svf::expert::identity(layout);
  CHECK(base.name() == "base");
  CHECK(base.is_identity());
  CHECK(base.values().size() == 10);
  CHECK_FALSE(test::random_expert(layout, "a", 1).is_identity());
  CHECK_THROWS_AS(svf::expert::identity(nullptr), svf::error);
}

TEST_CASE("expert: sites are pieces of the flat vector") {
  auto const layout = test::small_layout();
  auto const e = test::random_expert(layout, "a", 2);
  for (svf::index_t i = 0; i < layout->count(); ++i) {
    auto const part = e.site(i);
    CHECK(part.data() == e.values().data() + (*layout)[i].offset);
    CHECK(svf::index_t(part.size()) == (*layout)[i].rank());
    CHECK(e.site((*layout)[i].name).data() == part.data());
  }
  CHECK_THROWS_AS(e.site(4), svf::error);
  CHECK_THROWS_AS(e.site(-1), svf::error);
  CHECK_THROWS_WITH_AS(e.site("nowhere"), "expert 'a': has no site 'nowhere'", svf::error);
}

TEST_CASE("expert: z is an xtensor, a span and a view of the same memory") {
  auto const e = test::random_expert(test::small_layout(), "a", 3);
  CHECK(e.z().data() == e.values().data());
  CHECK(svf::as_vector(e.z()).data == e.values().data());
  CHECK(svf::as_vector(e.z()).size == 10);
}

TEST_CASE("expert: copies share the layout and keep their own values and name") {
  auto const e = test::random_expert(test::small_layout(), "a", 4);
  auto const other = e.renamed("b");
  CHECK(e.name() == "a");
  CHECK(other.name() == "b");
  CHECK(other.shared_layout() == e.shared_layout());
  CHECK(other.z().data() != e.z().data());
  CHECK(other.z() == e.z());
}

TEST_CASE("expert: wrong sizes and values that are not finite are refused") {
  auto const layout = test::small_layout();
  std::vector<float> z(10, 1.0f);
  CHECK_THROWS_WITH_AS(
      svf::expert(layout, std::span<float const>(z).first(9), "short"),
      "expert 'short': expected 10 components, got 9", svf::error);
  CHECK_THROWS_AS(svf::expert(nullptr, std::span<float const>(z), "lost"), svf::error);
  z[6] = std::numeric_limits<float>::infinity();
  try {
    svf::expert const refused(layout, std::span<float const>(z), "bad");
    FAIL("accepted");
  } catch (svf::error const& e) {
    CHECK(e.kind() == svf::error_kind::numeric);
    CHECK(std::string(e.what()) ==
          "expert 'bad': expected finite components, got inf at 'layers.1.up'[1]");
  }
}
