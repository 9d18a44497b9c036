// SPDX-License-Identifier: Apache-2.0
#include <svfmath/learn/advantage.hpp>

#include <doctest/doctest.h>

#include <cmath>
#include <limits>
#include <type_traits>
#include <vector>

#include "support/close.hpp"
#include "support/random.hpp"

namespace adv = svf::advantage;

namespace {

// R = [[1,0,0,1],[1,1,1,0]], the example of the peers' estimators.
svf::action_table<float> const golden{{1, 0, 0, 1, 1, 1, 1, 0}, {0, 4, 8}};

template <class A>
void check_values(A estimator, std::vector<double> const& expected, double tolerance) {
  CHECK(test::max_difference(estimator(golden).values, expected) <= tolerance);
}

}  // namespace

TEST_CASE("advantage: golden values of RLOO, GRPO, batch scaling and REINFORCE++-baseline") {
  check_values(adv::none{}, {1, 0, 0, 1, 1, 1, 1, 0}, 0.0);
  check_values(adv::batch_mean{}, {.375, -.625, -.625, .375, .375, .375, .375, -.625}, 1e-15);
  check_values(adv::group_mean{}, {.5, -.5, -.5, .5, .25, .25, .25, -.75}, 0.0);
  check_values(adv::leave_one_out{}, {.6667, -.6667, -.6667, .6667, .3333, .3333, .3333, -1}, 5e-5);
  check_values(adv::group_normalised{},
               {.865875, -.865875, -.865875, .865875, .4999, .4999, .4999, -1.4997}, 1e-6);
  check_values(adv::batch_scaled{},
               {.965905, -.965905, -.965905, .965905, .482953, .482953, .482953, -1.448858}, 1e-6);
  check_values(adv::chain<adv::group_mean, adv::batch_normalised>{},
               {1.069045, -1.069045, -1.069045, 1.069045, .534522, .534522, .534522, -1.603567},
               1e-6);
}

TEST_CASE("advantage: golden values of the released code's and REINFORCE++'s normalisation") {
  svf::action_table<float> const signs{{1, -1, 1, 1}, {0, 4}};
  CHECK(test::max_difference(adv::batch_normalised{}(signs).values,
                             std::vector{.577350, -1.732051, .577350, .577350}) <= 1e-6);
  svf::action_table<float> const tokens{{.96f, .98f, .97f, -.05f, -.04f}, {0, 3, 5}};
  CHECK(test::max_difference(adv::batch_normalised{1e-4}(tokens).values,
                             std::vector{.796305, .836523, .816414, -1.234675, -1.214567}) <= 1e-6);
}

TEST_CASE("advantage: equal rewards give zero, whatever the estimator") {
  svf::action_table<float> const equal{{.1f, .1f, .1f, .1f}, {0, 2, 4}};
  for (adv::any chosen : {adv::any(adv::batch_mean{}), adv::any(adv::group_mean{}),
                          adv::any(adv::leave_one_out{}), adv::any(adv::group_normalised{}),
                          adv::any(adv::batch_scaled{}), adv::any(adv::batch_normalised{})}) {
    CAPTURE(chosen.index());
    for (double const a : svf::advantages(chosen, equal).values) CHECK(a == 0.0);
  }
}

TEST_CASE("advantage: leave-one-out is G/(G-1) times the centred reward and needs two samples") {
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    CAPTURE(seed);
    std::size_t const n = 2 + seed % 6;
    svf::action_table<float> const rewards{test::normal_vector<float>(n, seed), {0, n}};
    auto const a = adv::leave_one_out{}(rewards).values;
    for (std::size_t i = 0; i < n; ++i) {
      double others = 0.0;
      for (std::size_t j = 0; j < n; ++j) others += j == i ? 0.0 : double(rewards.values[j]);
      double const expected = double(rewards.values[i]) - others / double(n - 1);
      CHECK(test::close(a[i], expected, 1e-14 * double(n)));
    }
  }
  svf::action_table<float> const single{{1}, {0, 1}};
  CHECK_THROWS_AS(adv::leave_one_out{}(single), svf::error);
  CHECK_THROWS_AS(adv::group_normalised{}(single), svf::error);
  CHECK_THROWS_AS(adv::batch_scaled{}(single), svf::error);
}

TEST_CASE("advantage: settings that divide by zero or are not finite are refused") {
  double const inf = std::numeric_limits<double>::infinity();
  auto const refused = [](auto const& estimator) {
    CHECK_THROWS_AS(adv::check(estimator), svf::error);
    if constexpr (std::is_constructible_v<adv::any, decltype(estimator)>) {
      CHECK_THROWS_AS(adv::check(adv::any(estimator)), svf::error);
    }
  };
  for (double const bad : {0.0, -1e-4, inf, std::nan("")}) {
    CAPTURE(bad);
    refused(adv::group_normalised{bad});
    refused(adv::batch_scaled{bad});
    refused(adv::batch_normalised{bad});
    refused(adv::chain<adv::group_mean, adv::batch_normalised>{{}, {bad}});
    refused(adv::chain<adv::batch_normalised, adv::group_mean>{{bad}, {}});
  }
  for (double const bad : {1.0, -0.1, std::nan("")}) {
    refused(adv::ema{.decay = bad});
  }
  refused(adv::ema{.sum = inf});
  CHECK_NOTHROW(adv::check(adv::any(adv::ema{.decay = 0.0})));
  CHECK_NOTHROW(adv::check(adv::any(adv::batch_normalised{})));
  CHECK_NOTHROW(adv::check(adv::none{}));
}

TEST_CASE("advantage: group estimators treat every ragged row by itself") {
  svf::action_table<float> const ragged{{1, 2, 3, 10, 20}, {0, 3, 5}};
  CHECK(adv::group_mean{}(ragged).values == std::vector{-1.0, 0.0, 1.0, -5.0, 5.0});
}

TEST_CASE("advantage: ema uses earlier batches only and forgets its start") {
  adv::ema baseline{.decay = 0.5};
  svf::action_table<float> const first{{4, 2}, {0, 2}}, second{{5, 1}, {0, 2}};
  CHECK(baseline(first).values == std::vector{4.0, 2.0});   // b = 0
  CHECK(baseline.baseline() == 3.0);                        // 1.5 / (1 - 0.5)
  CHECK(baseline(second).values == std::vector{2.0, -2.0});  // b = 3
  CHECK(baseline.baseline() == 3.0);
  for (int i = 0; i < 10; ++i) baseline(svf::action_table<float>{{8}, {0, 1}});
  CHECK(test::close(baseline.baseline(), 8.0, 5.0 * std::pow(0.5, 10)));
  CHECK_FALSE(baseline == adv::ema{.decay = 0.5});
}

static_assert(svf::advantage_estimator<adv::ema>);
static_assert(svf::advantage_estimator<adv::chain<adv::group_mean, adv::batch_normalised>>);
static_assert(!svf::advantage_estimator<int>);
