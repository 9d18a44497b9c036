// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <limits>
#include <string>
#include <vector>

#include <svfmath/expert/layout.hpp>

#include <support/experts.hpp>

namespace {

svf::fingerprint print_of(std::uint64_t a, std::uint64_t b) {
  svf::fingerprint result{};
  result.words = {a, b};
  return result;
}

void check_refused(std::vector<svf::site_spec> sites) {
  try {
    svf::layout const refused(std::move(sites));
    FAIL("accepted");
  } catch (svf::error const& e) {
    CHECK(e.kind() == svf::error_kind::shape);
  }
}

}  // namespace

TEST_CASE("layout: offsets follow the order of sites") {
  auto const layout = test::small_layout();
  CHECK(layout->count() == 4);
  CHECK(layout->size() == 10);
  CHECK(layout->layers() == 2);
  svf::index_t offset = 0;
  for (auto const& site : layout->sites()) {
    CHECK(site.offset == offset);
    CHECK(site.rank() == std::min(site.rows, site.cols));
    for (svf::index_t i = 0; i < site.rank(); ++i) {
      CHECK(&layout->site_of(offset + i) == &site);
    }
    offset += site.rank();
  }
  CHECK(offset == layout->size());
  CHECK_THROWS_AS(layout->site_of(10), svf::error);
  CHECK_THROWS_AS(layout->site_of(-1), svf::error);
}

TEST_CASE("layout: sites are found by name") {
  auto const layout = test::small_layout();
  for (svf::index_t i = 0; i < layout->count(); ++i) {
    CHECK(layout->find((*layout)[i].name) == &(*layout)[i]);
  }
  CHECK(layout->find("layers.2.up") == nullptr);
  CHECK(layout->find("") == nullptr);
  svf::layout const copy = *layout;
  CHECK(copy.find("layers.1.up") == &copy[2]);
}

TEST_CASE("layout: equality covers names, extents, bases and layers, and says what differs") {
  std::vector<svf::site_spec> const sites = {{"a", 3, 2, print_of(1, 2), 0},
                                             {"b", 2, 2, print_of(3, 4), 1}};
  svf::layout const original(sites);
  CHECK(original == svf::layout(sites));
  CHECK(svf::first_difference(original, svf::layout(sites)).empty());

  auto changed = sites;
  changed[1].name = std::string("c");
  CHECK(svf::first_difference(original, svf::layout(changed)) ==
        "site 1 is 'b' 2x2 against 'c' 2x2");
  changed = sites;
  changed[0].rows = 4;
  CHECK_FALSE(original == svf::layout(changed));
  CHECK(svf::first_difference(original, svf::layout(changed)) ==
        "site 0 is 'a' 3x2 against 'a' 4x2");
  changed = sites;
  changed[0].base = print_of(1, 3);
  CHECK_FALSE(original == svf::layout(changed));
  CHECK(svf::first_difference(original, svf::layout(changed)).find("has base") !=
        std::string::npos);
  CHECK(original.base_fingerprint() != svf::layout(changed).base_fingerprint());
  changed = sites;
  changed[1].layer = 0;
  CHECK(svf::first_difference(original, svf::layout(changed)) ==
        "site 'b' is in layer 1 against 0");
  changed = sites;
  std::swap(changed[0], changed[1]);
  CHECK_FALSE(original == svf::layout(changed));
  CHECK(original.base_fingerprint() != svf::layout(changed).base_fingerprint());
  changed.pop_back();
  CHECK(svf::first_difference(original, svf::layout(changed)) == "2 sites against 1");
}

TEST_CASE("layout: what cannot be laid out is refused") {
  constexpr svf::index_t huge = std::numeric_limits<svf::index_t>::max();
  check_refused({});
  check_refused({{"", 2, 2, {}, 0}});
  check_refused({{"a", 0, 2, {}, 0}});
  check_refused({{"a", 2, -1, {}, 0}});
  check_refused({{"a", 2, 2, {}, -1}});
  check_refused({{"a", 2, 2, {}, 0}, {"a", 3, 3, {}, 0}});
  check_refused({{"a", huge, 2, {}, 0}});
  check_refused({{"a", 2, 2, {}, huge}});
}
