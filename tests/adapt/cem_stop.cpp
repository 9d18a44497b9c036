// SPDX-License-Identifier: Apache-2.0
#include <svfmath/adapt/cem_stop.hpp>

#include <cmath>
#include <set>
#include <string_view>
#include <vector>

#include <doctest/doctest.h>
#include <svfmath/adapt/cem.hpp>

namespace {

using svf::stop_reason;

svf::cem_options<> unit_interval() {
  return {.dim = 1, .lower = {0.0}, .upper = {1.0}, .flat_generations = 0};
}

}  // namespace

TEST_CASE("cem_stop: is true for every reason but none, and every reason has a word of its own") {
  CHECK(!svf::cem_stop{});
  std::set<std::string_view> words{to_string(stop_reason::none)};
  for (auto const reason :
       {stop_reason::target, stop_reason::max_iters, stop_reason::max_evals, stop_reason::timeout,
        stop_reason::tol_x, stop_reason::tol_f, stop_reason::flat_fitness, stop_reason::stagnation,
        stop_reason::callback}) {
    CHECK(svf::cem_stop{reason, 0.0, 0.0});
    words.insert(to_string(reason));
  }
  CHECK(words.size() == 10);
}

TEST_CASE("cem_stop: values that differ in the second place only are no reason for tol_f") {
  auto o = unit_interval();
  o.tol_f = 1e-3;
  o.max_iters = 30;
  auto const by_second = [](std::span<double const> x) {
    return svf::fitness{0.5, -(x[0] - 0.3) * (x[0] - 0.3)};
  };
  auto const r = svf::cem<>(o).optimize(by_second);
  CHECK(r.stop.reason == stop_reason::tol_f);
  CHECK(r.iters > 2);
  CHECK(r.stop.value > 0.0);  // the spread of the second values
  CHECK(std::abs(r.mean[0] - 0.3) < 0.05);
  auto const by_first = [](std::span<double const> x) { return svf::fitness{1e-4 * x[0], x[0]}; };
  CHECK(svf::cem<>(o).optimize(by_first).iters == 1);  // the second are read between equals only
}

TEST_CASE("cem_stop: carries the value that met the threshold, and the threshold") {
  auto const peak = [](std::span<double const> x) { return -(x[0] - 0.3) * (x[0] - 0.3); };
  auto const ended = [&](svf::cem_options<> const& o) { return svf::cem<>(o).optimize(peak).stop; };

  auto o = unit_interval();
  o.target = -1e-4;
  auto stop = ended(o);
  CHECK(stop.reason == stop_reason::target);
  CHECK(stop.value >= -1e-4);
  CHECK(stop.threshold == -1e-4);

  o = unit_interval();
  o.max_iters = 7;
  stop = ended(o);
  CHECK(stop.reason == stop_reason::max_iters);
  CHECK(stop.value == 7.0);

  o = unit_interval();
  o.max_evals = 100;  // three generations of 32 fit
  stop = ended(o);
  CHECK(stop.reason == stop_reason::max_evals);
  CHECK(stop.value == 96.0);
  CHECK(stop.threshold == 100.0);

  o = unit_interval();
  o.tol_x = 1e-3;
  stop = ended(o);
  CHECK(stop.reason == stop_reason::tol_x);
  CHECK(stop.value < 1e-3);

  o = unit_interval();
  o.tol_f = 1e-6;
  stop = ended(o);
  CHECK(stop.reason == stop_reason::tol_f);
  CHECK(stop.value < 1e-6);

  o = unit_interval();
  o.callback = [](svf::cem_record<double> const& r) { return r.generation == 2; };
  stop = ended(o);
  CHECK(stop.reason == stop_reason::callback);
  CHECK(stop.value == 3.0);

  o = unit_interval();
  o.flat_generations = 4;
  stop = svf::cem<>(o).optimize([](std::span<double const>) { return 1.0; }).stop;
  CHECK(stop.reason == stop_reason::flat_fitness);
  CHECK(stop.value == 4.0);

  o = unit_interval();
  o.timeout = 0.0;
  CHECK(ended(o).reason == stop_reason::timeout);
}
