// SPDX-License-Identifier: Apache-2.0
#include <svfmath/adapt/cem_options.hpp>

#include <string>
#include <vector>

#include <doctest/doctest.h>
#include <svfmath/adapt/cem.hpp>

TEST_CASE("cem_options: the defaults are those of reference settings for mixtures") {
  svf::cem_options<> const o;
  CHECK(o.popsize == 32);
  CHECK(o.elite_ratio == 0.2);
  CHECK(o.alpha_mean == 0.0);
  CHECK(o.alpha_std == 0.5);
  CHECK(o.bounds == svf::bounds_handling::clip);
  CHECK(o.keep_best == svf::elitist::archive);
  CHECK(o.sense == svf::sense::max);
  CHECK(o.seed == 0);
}

TEST_CASE("cem_options: one element is for every coordinate, missing ones follow the bounds") {
  svf::cem<> const search({.dim = 3, .lower = {-1.0}, .upper = {1.0, 3.0, -1.0}});
  auto const& o = search.options();
  CHECK(o.lower == std::vector<double>{-1.0, -1.0, -1.0});
  CHECK(o.init_mean == std::vector<double>{0.0, 1.0, -1.0});
  CHECK(o.init_std == std::vector<double>{1.0, 2.0, 0.0});  // the last one is fixed
}

TEST_CASE("cem_options: shares that are whole but for rounding are whole") {
  CHECK(0.07 * 100.0 > 7.0);
  CHECK(svf::detail::elite_count(0.07, 100) == 7);
  CHECK(svf::detail::elite_count(0.0701, 100) == 8);
  CHECK(svf::detail::elite_count(0.2, 32) == 7);
  CHECK(svf::detail::elite_count(0.1, 10) == 2);
  CHECK(svf::detail::elite_count(1.0, 10) == 10);
  svf::cem_options<> o;
  o.popsize_growth = 1.1;
  CHECK(100 * 1.1 > 110.0);
  CHECK(svf::detail::grown(o, 100) == 110.0);
}

TEST_CASE("cem_options: small populations and few elites are warned of") {
  svf::cem_options<> o;
  o.dim = 8;
  CHECK(svf::warnings(o).empty());
  o.dim = 81;  // 4·81/√100 = 32.4
  REQUIRE(svf::warnings(o).size() == 1);
  CHECK(svf::warnings(o)[0] == "popsize 32 is small for dim 81: expected 33 or more");
  o.dim = 80;
  CHECK(svf::warnings(o).empty());
  o.max_evals = 32 * 25;
  CHECK(svf::warnings(o).size() == 1);
  o.dim = 8;
  o.elite_ratio = 0.09;
  REQUIRE(svf::warnings(o).size() == 1);
  CHECK(svf::warnings(o)[0] == "a deviation is taken from 3 elites: expected 4 or more");
  o.elite_ratio = 0.125;
  CHECK(svf::warnings(o).empty());
}

TEST_CASE("cem_options: every setting out of range is refused by name") {
  using options = svf::cem_options<>;
  struct { options given; char const* expected; } const cases[] = {
      {{.dim = 0}, "dim >= 1"},
      {{.dim = 2, .lower = {0.0}, .upper = {1.0}, .popsize = 1}, "popsize >= 2"},
      {{.dim = 2, .lower = {0.0, 0.0, 0.0}, .upper = {1.0}}, "lower with 0, 1 or dim = 2"},
      {{.dim = 2, .lower = {2.0}, .upper = {1.0}}, "lower <= upper"},
      {{.dim = 1, .lower = {0.0}}, "init_mean where a bound is infinite"},
      {{.dim = 1, .lower = {0.0}, .init_mean = {1.0}}, "init_std where a bound is infinite"},
      {{.dim = 1, .lower = {0.0}, .upper = {1.0}, .init_mean = {2.0}}, "init_mean within"},
      {{.dim = 1, .lower = {0.0}, .upper = {1.0}, .elite_ratio = 0.0}, "elite_ratio"},
      {{.dim = 1, .lower = {0.0}, .upper = {1.0}, .alpha_mean = 1.5}, "alpha_mean"},
      {{.dim = 1, .lower = {0.0}, .upper = {1.0}, .alpha_std = -0.1}, "alpha_std"},
      {{.dim = 1, .lower = {0.0}, .upper = {1.0}, .inject = {{2.0}}}, "an injected point"},
      {{.dim = 1, .lower = {0.0}, .upper = {1.0}, .corners = {{0.0, 1.0}}}, "a corner"},
      {{.dim = 1, .lower = {0.0}, .upper = {1.0}, .max_evals = 3}, "max_evals"},
      {{.dim = 1, .lower = {0.0}, .upper = {1.0}, .popsize = 2, .inject = {{0.0}},
        .corners = {{0.0}, {1.0}}, .max_evals = 2}, "inject and corners, 3 in all"},
      {{.dim = 1, .lower = {0.0}, .upper = {1.0}, .popsize_growth = 0.5}, "popsize_growth"},
  };
  for (auto const& c : cases) {
    CAPTURE(c.expected);
    std::string message;
    try {
      svf::cem<> const search(c.given);
    } catch (svf::error const& e) {
      message = e.what();
    }
    CHECK(message.find(c.expected) != std::string::npos);
  }
}
