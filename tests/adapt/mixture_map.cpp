// SPDX-License-Identifier: Apache-2.0
#include <svfmath/adapt/mixture_map.hpp>

#include <cmath>
#include <cstddef>
#include <vector>

#include <doctest/doctest.h>
#include <adapt/toy_model.hpp>
#include <support/close.hpp>

using svf::mixture_form;
using svf::mixture_map;
using svf::mixture_sharing;
using svf::mixture_weights;

TEST_CASE("mixture_map: every form and sharing against the formula") {
  auto const bank = toy::random_bank(3);
  for (auto const form : {mixture_form::mixture, mixture_form::weighted_sum}) {
    for (auto const use : {mixture_weights::normalised, mixture_weights::free}) {
      for (auto const sharing : {mixture_sharing::per_expert, mixture_sharing::per_layer}) {
        mixture_map const map(bank, form, use, sharing);
        svf::index_t const layers = sharing == mixture_sharing::per_layer ? 2 : 1;
        REQUIRE(map.dim() == 3 * layers);
        std::vector<double> point{0.5, 0.25, 0.75, 0.1, 0.9, 0.3};
        point.resize(std::size_t(map.dim()));
        auto const z = map.z(point);
        for (auto const& site : bank.layout().sites()) {
          std::size_t const l = layers == 1 ? 0 : std::size_t(site.layer);
          double sum = 0.0;
          for (std::size_t k = 0; k < 3; ++k) {
            sum += point[3 * l + k];
          }
          double const divisor = use == mixture_weights::normalised ? sum : 1.0;
          for (svf::index_t i = site.offset; i < site.offset + site.rank(); ++i) {
            double expected = form == mixture_form::mixture ? 0.0 : 1.0;
            for (std::size_t k = 0; k < 3; ++k) {
              double const value = double(bank.row(svf::index_t(k))[std::size_t(i)]);
              double const part = form == mixture_form::mixture ? value : value - 1.0;
              expected += point[3 * l + k] / divisor * part;
            }
            CHECK(test::close_relative(double(z[std::size_t(i)]), expected, 1e-6));
          }
        }
      }
    }
  }
}

TEST_CASE("mixture_map: one-hots are the experts and zero is the base, exactly") {
  auto const bank = toy::random_bank(3);
  std::vector<float> const ones(std::size_t(bank.layout().size()), 1.0f);
  for (auto const form : {mixture_form::mixture, mixture_form::weighted_sum}) {
    for (auto const use : {mixture_weights::normalised, mixture_weights::free}) {
      for (auto const sharing : {mixture_sharing::per_expert, mixture_sharing::per_layer}) {
        mixture_map const map(bank, form, use, sharing);
        CHECK(map.z(map.zero()) == ones);
        for (svf::index_t k = 0; k < 3; ++k) {
          auto const row = bank.row(k);
          CHECK(map.z(map.one_hot(k)) == std::vector<float>(row.begin(), row.end()));
        }
      }
    }
  }
  // A single layer without experts is the base there and nowhere else.
  mixture_map const map(bank, mixture_form::mixture, mixture_weights::free,
                        mixture_sharing::per_layer);
  auto const z = map.z(std::vector<double>{0, 0, 0, 0, 1, 0});
  for (auto const& site : bank.layout().sites()) {
    std::size_t const at = std::size_t(site.offset);
    CHECK(z[at] == (site.layer == 0 ? 1.0f : bank.row(1)[at]));
  }
}

TEST_CASE("mixture_map: empty banks and wrong lengths are refused") {
  svf::bank const empty(toy::layout());
  CHECK_THROWS_AS(mixture_map{empty}, svf::error);
  auto const bank = toy::random_bank(2);
  mixture_map const map(bank);
  CHECK_THROWS_AS(map.z(std::vector<double>{1.0}), svf::error);
  CHECK_THROWS_AS(map.z(std::vector<double>{1.0, NAN}), svf::error);
}

TEST_CASE("mixture_map: an expert that the bank lacks is refused") {
  auto const bank = toy::random_bank(3);
  for (auto const sharing : {mixture_sharing::per_expert, mixture_sharing::per_layer}) {
    mixture_map const map(bank, mixture_form::mixture, mixture_weights::normalised, sharing);
    CHECK_NOTHROW(map.one_hot(2));
    CHECK_THROWS_AS(map.one_hot(3), svf::error);
    CHECK_THROWS_AS(map.one_hot(-1), svf::error);
  }
}
