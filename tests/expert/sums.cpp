// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <cmath>
#include <string>
#include <vector>

#include <svfmath/expert/algebra.hpp>
#include <svfmath/expert/sums.hpp>

#include <support/close.hpp>
#include <support/experts.hpp>
#include <support/random.hpp>

namespace {

std::vector<svf::expert> three_experts(std::shared_ptr<svf::layout const> const& layout) {
  std::vector<svf::expert> result;
  result.push_back(test::random_expert(layout, "a", 1, -2.0f, 2.0f));
  result.push_back(test::random_expert(layout, "b", 2, 1e-20f, 1e-10f));
  result.push_back(test::random_expert(layout, "c", 3, 0.0f, 1000.0f));
  return result;
}

// W'(z) of one site with any U, V (m×r, r×n): linear in z whatever they are.
svf::matrix<double> product_of(svf::matrix<double> const& u, std::vector<float> const& sigma,
                               std::span<float const> z, svf::matrix<double> const& vt) {
  svf::matrix<double> w(u.rows(), vt.cols());
  for (svf::index_t i = 0; i < u.rows(); ++i) {
    for (svf::index_t j = 0; j < vt.cols(); ++j) {
      for (svf::index_t k = 0; k < u.cols(); ++k) {
        w(i, j) += u(i, k) * double(sigma[std::size_t(k)]) * double(z[std::size_t(k)]) * vt(k, j);
      }
    }
  }
  return w;
}

}  // namespace

TEST_CASE("sums: a one-hot weight gives that expert exactly, zero weights the base") {
  auto const experts = three_experts(test::small_layout());
  svf::bank const bank{std::span<svf::expert const>(experts)};
  for (std::size_t k = 0; k < 3; ++k) {
    std::vector<float> alpha(3, 0.0f);
    alpha[k] = 1.0f;
    CHECK(svf::weighted_sum(experts, alpha).z() == experts[k].z());
    CHECK(svf::mixture(experts, alpha).z() == experts[k].z());
    CHECK(svf::weighted_sum(bank, alpha).z() == experts[k].z());
    CHECK(svf::mixture(bank, alpha).z() == experts[k].z());
  }
  std::vector<float> const none(3, 0.0f);
  CHECK(svf::weighted_sum(bank, none).is_identity());
  auto const nothing = svf::mixture(bank, none);
  for (float const z : nothing.values()) {
    CHECK(z == 0.0f);
  }
}

TEST_CASE("sums: both kinds follow their formulas") {
  auto const layout = test::small_layout();
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    CAPTURE(seed);
    auto const count = std::size_t(1 + svf::random_stream(seed, 1).below(0, 6));
    std::vector<svf::expert> experts;
    for (std::size_t k = 0; k < count; ++k) {
      experts.push_back(test::random_expert(layout, std::to_string(k), 100 * seed + k));
    }
    auto const alpha = test::normal_vector<double>(count, seed);
    auto const sum = svf::weighted_sum(experts, alpha);
    auto const mix = svf::mixture(experts, alpha);
    for (std::size_t i = 0; i < 10; ++i) {
      double changes = 0.0;
      double values = 0.0;
      double size = 1.0;
      for (std::size_t k = 0; k < count; ++k) {
        double const z = double(experts[k].values()[i]);
        changes += alpha[k] * (z - 1.0);
        values += alpha[k] * z;
        size += std::abs(alpha[k]) * (z + 1.0);
      }
      CHECK(test::close(double(sum.values()[i]), 1.0 + changes, size * 0x1p-24));
      CHECK(test::close(double(mix.values()[i]), values, size * 0x1p-24));
    }
  }
}

TEST_CASE("sums: the two kinds agree where the weights add up to one") {
  auto const layout = test::small_layout();
  auto const a = test::random_expert(layout, "a", 1);
  auto const b = test::random_expert(layout, "b", 2);
  std::vector<svf::expert> const experts = {a, b};
  std::vector<double> const alpha = {0.75, 0.25};
  CHECK(svf::weighted_sum(experts, alpha).z() == svf::mixture(experts, alpha).z());
  CHECK(svf::lerp(a, b, 0.25).z() == svf::mixture(experts, alpha).z());
}

TEST_CASE("sums: a weighted sum of experts is the sum of their changes of the dense weights") {
  auto const layout = test::small_layout();
  auto const experts = std::vector<svf::expert>{test::random_expert(layout, "a", 1),
                                                test::random_expert(layout, "b", 2),
                                                test::random_expert(layout, "c", 3)};
  std::vector<double> const alpha = {0.7, -0.4, 1.3};
  auto const sum = svf::weighted_sum(experts, alpha);
  auto const base = svf::expert::identity(layout);
  for (svf::index_t s = 0; s < layout->count(); ++s) {
    svf::site const& site = (*layout)[s];
    auto const u = test::normal_matrix<double>(site.rows, site.rank(), 10);
    auto const vt = test::normal_matrix<double>(site.rank(), site.cols, 11);
    auto const sigma = test::uniform_vector<float>(std::size_t(site.rank()), 0.0f, 5.0f, 12);
    auto const w = product_of(u, sigma, base.site(s), vt);
    auto const actual = product_of(u, sigma, sum.site(s), vt);
    auto expected = w;
    for (std::size_t k = 0; k < 3; ++k) {
      auto const each = product_of(u, sigma, experts[k].site(s), vt);
      for (svf::index_t i = 0; i < w.size(); ++i) {
        expected.data()[i] += alpha[k] * (each.data()[i] - w.data()[i]);
      }
    }
    // One rounding of each z to float, |z| < 4, through rank <= 4 terms of size below 5 * 3 * 3.
    CHECK(test::max_difference(actual, expected) < 4 * 4 * 45 * 0x1p-24);
  }
}

TEST_CASE("sums: weights per layer and per site are sums on each of them") {
  auto const layout = test::small_layout();
  auto const experts = std::vector<svf::expert>{test::random_expert(layout, "a", 1),
                                                test::random_expert(layout, "b", 2),
                                                test::random_expert(layout, "c", 3)};
  svf::bank const bank{std::span<svf::expert const>(experts)};
  auto const by_layer = test::normal_matrix<float>(3, 2, 5);
  auto const by_site = test::normal_matrix<double>(3, 4, 6);
  auto const layer_sum = svf::per_layer_weighted_sum(experts, by_layer);
  auto const layer_mix = svf::per_layer_mixture(bank, by_layer);
  auto const site_sum = svf::per_site_weighted_sum(bank, by_site);
  auto const site_mix = svf::per_site_mixture(experts, by_site);
  for (svf::index_t s = 0; s < layout->count(); ++s) {
    auto const layer_column = by_layer.view().col((*layout)[s].layer);
    auto const site_column = by_site.view().col(s);
    auto const same = [s](svf::expert const& a, svf::expert const& b) {
      return test::max_difference(a.site(s), b.site(s)) == 0.0;
    };
    CHECK(same(layer_sum, svf::weighted_sum(experts, layer_column)));
    CHECK(same(layer_mix, svf::mixture(experts, layer_column)));
    CHECK(same(site_sum, svf::weighted_sum(experts, site_column)));
    CHECK(same(site_mix, svf::mixture(experts, site_column)));
  }
}

TEST_CASE("sums: no experts, wrong sizes, other layouts and bad weights are refused") {
  auto const layout = test::small_layout();
  std::vector<svf::expert> experts = {test::random_expert(layout, "a", 1),
                                      test::random_expert(layout, "b", 2)};
  std::vector<float> const alpha = {0.5f, 0.5f};
  CHECK_THROWS_WITH_AS(svf::mixture(std::vector<svf::expert>{}, std::vector<float>{}),
                       "mixture: expected at least one expert, got none", svf::error);
  CHECK_THROWS_AS(svf::weighted_sum(svf::bank(layout), std::vector<float>{}), svf::error);
  CHECK_THROWS_WITH_AS(svf::weighted_sum(experts, std::vector<float>(3)),
                       "weighted_sum: expected weights for 2 experts, got 3", svf::error);
  CHECK_THROWS_AS(svf::per_layer_mixture(experts, svf::matrix<float>(2, 3)), svf::error);
  CHECK_THROWS_AS(svf::per_site_mixture(experts, svf::matrix<float>(2, 2)), svf::error);
  CHECK_THROWS_AS(svf::per_site_mixture(experts, svf::matrix<float>(3, 4)), svf::error);
  CHECK_THROWS_AS(svf::mixture(experts, std::vector<float>{1.0f, NAN}), svf::error);
  experts.push_back(test::random_expert(
      std::make_shared<svf::layout const>(std::vector<svf::site_spec>{{"x", 10, 10, {}, 0}}), "x",
      3));
  CHECK_THROWS_WITH_AS(
      svf::mixture(experts, std::vector<float>(3)),
      "mixture: experts 'a' and 'x' have different layouts: 4 sites against 1", svf::error);
}
