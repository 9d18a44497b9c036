// SPDX-License-Identifier: Apache-2.0
#include <svfmath/adapt/mixture.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include <doctest/doctest.h>
#include <adapt/toy_model.hpp>
#include <support/close.hpp>
#include <support/temp_directory.hpp>
#include <svfmath/adapt/cem_checkpoint.hpp>

namespace {

// −|z − target|², so that the best mixture is known.
auto near(std::vector<float> target) {
  return [target](std::span<float const> z) {
    double sum = 0.0;
    for (std::size_t i = 0; i < z.size(); ++i) {
      sum -= std::pow(double(z[i]) - double(target[i]), 2);
    }
    return sum;
  };
}

}  // namespace

TEST_CASE("mixture: the search finds the weights that made the target") {
  auto const bank = toy::random_bank(3);
  std::vector<double> const alpha{0.2, 0.7, 0.1};
  svf::mixture_map const map(bank);
  auto const found = svf::search_mixture(bank, {}, near(map.z(alpha)));
  for (svf::index_t k = 0; k < 3; ++k) {
    CHECK(test::close(found.weights(k, 0), alpha[std::size_t(k)], 1e-3));
  }
  CHECK(found.improved_over_best_single);
  CHECK(found.experts.size() == 3);
  for (auto const& single : found.experts) {
    CHECK(found.value >= single);
  }
  CHECK(found.value >= found.base);
  CHECK(found.base.primary == near(map.z(alpha))(std::vector<float>(7, 1.0f)));
}

TEST_CASE("mixture: weights per layer are found where one weight per expert cannot reach") {
  auto const bank = toy::random_bank(2);
  svf::mixture_options o;
  o.sharing = svf::mixture_sharing::per_layer;
  svf::mixture_map const map(bank, o.form, o.weights, o.sharing);
  auto const value = near(map.z(std::vector<double>{0.8, 0.2, 0.3, 0.7}));
  auto const layered = svf::search_mixture(bank, o, value);
  CHECK(layered.value.primary > -1e-6);
  CHECK(test::close(layered.weights(0, 0), 0.8, 1e-2));
  CHECK(test::close(layered.weights(0, 1), 0.3, 1e-2));
  o.sharing = svf::mixture_sharing::per_expert;
  CHECK(svf::search_mixture(bank, o, value).value.primary < -1e-3);
}

TEST_CASE("mixture: the base and single experts win where they are best") {
  auto const bank = toy::random_bank(3);
  std::vector<float> const ones(7, 1.0f);
  auto const base = svf::search_mixture(bank, {}, near(ones));
  CHECK(base.z == ones);
  CHECK(base.value == base.base);
  CHECK(!base.improved_over_best_single);
  CHECK(base.weights(0, 0) + base.weights(1, 0) + base.weights(2, 0) == 0.0);
  auto const row = bank.row(1);
  auto const single = svf::search_mixture(bank, {}, near({row.begin(), row.end()}));
  CHECK(single.z == std::vector<float>(row.begin(), row.end()));
  CHECK(!single.improved_over_best_single);
}

TEST_CASE("mixture: a gain below min_gain leaves the best single choice in place") {
  auto const bank = toy::random_bank(2);
  svf::mixture_map const map(bank);
  auto const value = near(map.z(std::vector<double>{0.9, 0.1}));
  svf::mixture_options o;
  auto const free = svf::search_mixture(bank, o, value);
  CHECK(free.improved_over_best_single);
  o.search.min_gain = 10.0;
  auto const held = svf::search_mixture(bank, o, value);
  CHECK(!held.improved_over_best_single);
  CHECK(held.value == std::max({held.base, held.experts[0], held.experts[1]}));
  CHECK(held.weights(0, 0) == 1.0);
}

TEST_CASE("mixture: the first points tried are the uniform mixture, the start and the singles") {
  auto const bank = toy::random_bank(3);
  svf::mixture_map const map(bank);
  std::vector<std::vector<float>> tried;
  svf::mixture_options o;
  o.start = {0.3, 0.2, 0.5};
  o.search.max_iters = 1;
  auto const found = svf::search_mixture(bank, o, [&](std::span<float const> z) {
    tried.emplace_back(z.begin(), z.end());
    return 1.0;  // flat: the mean stays where it begins
  });
  REQUIRE(tried.size() == 32);
  CHECK(tried[0] == map.z(map.uniform()));
  CHECK(tried[1] == map.z(o.start));
  for (svf::index_t k = 0; k < 3; ++k) {
    CHECK(tried[std::size_t(2 + k)] == map.z(map.one_hot(k)));
  }
  CHECK(tried[5] == std::vector<float>(7, 1.0f));
  CHECK(found.search.mean == std::vector<double>(3, 1.0 / 3.0));
  CHECK(found.search.std == std::vector<double>(3, 0.5));
}

TEST_CASE("mixture: a caller runs, observes, saves and resumes the search to the same result") {
  test::temp_directory const folder;
  auto const path = folder.path() / "search.safetensors";
  auto const bank = toy::random_bank(3);
  svf::mixture_map const map(bank);
  auto const value = near(map.z(std::vector<double>{0.2, 0.7, 0.1}));
  svf::mixture_options o;
  o.search.max_iters = 12;
  auto const at_once = svf::search_mixture(bank, o, value);

  svf::cem<double> search(svf::mixture_search(bank, o));
  int seen = 0;
  search.observe([&](auto const&) {
    ++seen;
    svf::save_cem(path, search);
  });
  auto const worth = [&](std::span<double const> x) { return value(map.z(x)); };
  for (int i = 0; i < 5; ++i) {
    auto const x = search.ask();
    std::vector<double> values;
    for (svf::index_t m = 0; m < x.cols; ++m) {
      values.push_back(worth({&x(0, m), std::size_t(x.rows)}));
    }
    search.tell(values);
  }
  CHECK(seen == 5);
  auto resumed = svf::load_cem(path);
  resumed.optimize(worth);
  auto const found = svf::mixture_found(bank, o, resumed);
  CHECK(found.z == at_once.z);
  CHECK(found.value == at_once.value);
  CHECK(found.experts == at_once.experts);
  CHECK(found.base == at_once.base);
  CHECK(found.search.evals == at_once.search.evals);
  CHECK_THROWS_AS(svf::mixture_found(toy::random_bank(2), o, resumed), svf::error);
  svf::cem<double> const untold(svf::mixture_search(bank, o));
  CHECK_THROWS_AS(svf::mixture_found(bank, o, untold), svf::error);
}

TEST_CASE("mixture: a value may take the generation's seed, the same for all its members") {
  auto const bank = toy::random_bank(2);
  svf::mixture_options o;
  o.search.max_iters = 3;
  std::vector<std::uint64_t> seeds;
  svf::search_mixture(bank, o, [&](std::span<float const> z, std::uint64_t seed) {
    seeds.push_back(seed);
    return double(z[0]);
  });
  REQUIRE(seeds.size() == 96);
  for (std::size_t i = 0; i < 96; ++i) {
    CHECK(seeds[i] == seeds[i / 32 * 32]);
  }
  CHECK((seeds[0] != seeds[32] && seeds[32] != seeds[64] && seeds[0] != seeds[64]));
}

TEST_CASE("mixture: equal seeds give equal results; a start is tried first") {
  auto const bank = toy::random_bank(3);
  auto const value = near(std::vector<float>(7, 1.1f));
  svf::mixture_options o;
  o.search.max_iters = 5;
  o.start = {0.3, 0.3, 0.4};
  auto const a = svf::search_mixture(bank, o, value);
  auto const b = svf::search_mixture(bank, o, value);
  CHECK(a.z == b.z);
  CHECK(a.value >= svf::fitness{value(svf::mixture_map(bank).z(o.start))});
  o.start = {0.3};
  CHECK_THROWS_AS(svf::search_mixture(bank, o, value), svf::error);
  CHECK_THROWS_AS(svf::search_mixture(svf::bank(toy::layout()), {}, value), svf::error);
  auto const nothing = [](std::span<float const>) { return NAN; };
  CHECK_THROWS_AS(svf::search_mixture(bank, {}, nothing), svf::error);
}
