// SPDX-License-Identifier: Apache-2.0
#include <svfmath/adapt/cem_state.hpp>

#include <span>
#include <vector>

#include <doctest/doctest.h>
#include <svfmath/adapt/cem.hpp>

namespace {

svf::cem_options<> two_dimensions() {
  return {.dim = 2, .lower = {-1.0}, .upper = {1.0}, .popsize = 6, .seed = 11};
}

std::vector<double> values_of(svf::matrix_view<double const> x) {
  std::vector<double> values;
  for (svf::index_t m = 0; m < x.cols; ++m) {
    values.push_back(-x(0, m) * x(0, m) - (x(1, m) - 0.5) * (x(1, m) - 0.5));
  }
  return values;
}

}  // namespace

TEST_CASE("cem_state: with the options it determines every later generation, asked or not") {
  for (bool const asked : {false, true}) {
    svf::cem<> first(two_dimensions());
    for (int generation = 0; generation < 3; ++generation) {
      first.tell(values_of(first.ask()));
    }
    if (asked) {
      first.ask();
    }
    svf::cem<> second(first.options(), first.state());
    for (int generation = 0; generation < 4; ++generation) {
      auto const a = first.ask();
      auto const b = second.ask();
      REQUIRE(a.size() == b.size());
      CHECK(std::vector<double>(a.data, a.data + a.size()) ==
            std::vector<double>(b.data, b.data + b.size()));
      first.tell(values_of(a));
      second.tell(values_of(b));
    }
    CHECK(first.result().best_x == second.result().best_x);
    CHECK(first.state().mean == second.state().mean);
    CHECK(first.state().std == second.state().std);
  }
}

TEST_CASE("cem_state: one that fits no search of these options is refused") {
  svf::cem<> search(two_dimensions());
  search.tell(values_of(search.ask()));
  auto const good = search.state();
  auto const refused = [&](auto const& damage) {
    auto bad = good;
    damage(bad);
    CHECK_THROWS_AS(svf::cem<>(two_dimensions(), bad), svf::error);
  };
  refused([](auto& s) { s.mean.pop_back(); });
  refused([](auto& s) { s.std[0] = -1.0; });
  refused([](auto& s) { s.mean[0] = 5.0; });
  refused([](auto& s) { s.evals = -1; });
  refused([](auto& s) { s.best_x = {0.0}; });
  refused([](auto& s) { s.popsize = 0; });
  svf::cem<> const accepted(two_dimensions(), good);
  CHECK(accepted.result().evals == 6);
}
