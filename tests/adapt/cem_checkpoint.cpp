// SPDX-License-Identifier: Apache-2.0
#include <svfmath/adapt/cem_checkpoint.hpp>

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>
#include <limits>
#include <span>
#include <string>
#include <vector>

#include <doctest/doctest.h>
#include <support/temp_directory.hpp>

namespace {

double value(std::span<double const> x) {
  double sum = 0.0;
  for (double const v : x) {
    sum -= std::abs(v - 0.3);
  }
  return sum > -0.02 ? std::numeric_limits<double>::quiet_NaN() : sum;
}

svf::cem_options<double> busy_options() {
  svf::cem_options<double> o;
  o.dim = 3;
  o.lower = {0.0, 0.0, 0.5};
  o.upper = {1.0, 2.0, 0.5};
  o.popsize = 6;
  o.inject = {{0.5, 0.5, 0.5}};
  o.corners = {{1, 0, 0.5}, {0, 1, 0.5}, {0, 0, 0.5}, {1, 1, 0.5}, {1, 2, 0.5}, {0, 2, 0.5}};
  o.keep_best = svf::elitist::reevaluate;
  o.keep_elites = 0.5;
  o.bounds = svf::bounds_handling::resample;
  o.seed = 0xFFFFFFFFFFFFFFFFu;
  o.target = 1.0;
  o.max_iters = 12;
  o.restarts = 2;
  o.stagnation = 3;
  return o;
}

void step(svf::cem<double>& search) {
  auto const x = search.ask();
  std::vector<double> values;
  for (svf::index_t m = 0; m < x.cols; ++m) {
    values.push_back(value({&x(0, m), std::size_t(x.rows)}));
  }
  search.tell(values);
}

// Expects the file to be refused as a malformed one, by its name.
void check_refused(std::filesystem::path const& path) {
  try {
    svf::load_cem(path);
    FAIL_CHECK("the search was taken");
  } catch (svf::error const& e) {
    INFO(std::string(e.what()));
    CHECK(e.kind() == svf::error_kind::format);
    CHECK(std::string(e.what()).find(path.string()) != std::string::npos);
  }
}

std::string bytes_of(std::filesystem::path const& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

}  // namespace

TEST_CASE("cem_checkpoint: a search saved at any ask or tell goes on bit for bit") {
  test::temp_directory const folder;
  auto const path = folder.path() / "search.safetensors";
  for (auto const rule : {svf::elitist::reevaluate, svf::elitist::archive, svf::elitist::off}) {
    auto o = busy_options();
    o.keep_best = rule;
    svf::cem<double> whole(o);
    while (!whole.stop()) {
      step(whole);
    }
    svf::save_cem(folder.path() / "whole", whole);
    std::string const expected = bytes_of(folder.path() / "whole");

    svf::cem<double> resumed(o);
    auto const reload = [&] {
      svf::save_cem(path, resumed);
      resumed = svf::load_cem(path);
    };
    reload();
    while (!resumed.stop()) {
      resumed.ask();
      reload();
      step(resumed);
      reload();
    }
    svf::save_cem(path, resumed);
    CHECK(bytes_of(path) == expected);
    auto const a = whole.result();
    auto const b = resumed.result();
    CHECK(a.best_x == b.best_x);
    CHECK(a.baselines.size() == 6);
    CHECK(b.stop.reason == a.stop.reason);
  }
}

TEST_CASE("cem_checkpoint: every field of options and state comes back") {
  test::temp_directory const folder;
  auto const path = folder.path() / "search.safetensors";
  auto o = busy_options();
  o.init_mean = {0.25, 0.75, 0.5};
  o.init_std = {0.125, 0.375, 0.0};
  o.std_around = svf::std_reference::old_mean;
  o.resample_tries = 7;
  o.elite_ratio = 0.4;
  o.alpha_mean = 0.1;
  o.alpha_std = 0.3;
  o.floor = {0.01, 0.9};
  o.std_max_change = 0.75;
  o.min_gain = 0.001;
  o.keep_elites = 0.6;
  o.sense = svf::sense::min;
  o.on_nan = svf::nan_policy::raise;
  o.target = -7.0;
  o.max_evals = 1000;
  o.timeout = 1e6;
  o.tol_x = 1e-7;
  o.tol_f = 1e-8;
  o.flat_generations = 6;
  o.stagnation = 1;
  o.popsize_growth = 1.5;
  svf::cem<double> search(o);
  auto const tell = [&](int k) {
    auto const x = search.ask();
    std::vector<svf::fitness> values;
    for (svf::index_t m = 0; m < x.cols; ++m) {
      values.push_back({double((m * 7 + k) % 11), double(m + 1)});
    }
    search.tell(values);
  };
  int told = 0;
  while (search.state().restarts == 0) {
    tell(told++);
  }
  tell(told);
  search.inject(std::vector<double>{0.5, 1.5, 0.5});
  search.ask();
  svf::save_cem(path, search);
  auto const loaded = svf::load_cem(path);
  auto const a = search.options();
  auto const b = loaded.options();
  CHECK(a.dim == b.dim);
  CHECK(a.lower == b.lower);
  CHECK(a.upper == b.upper);
  CHECK(a.init_mean == b.init_mean);
  CHECK(a.init_std == b.init_std);
  CHECK(a.bounds == b.bounds);
  CHECK(a.resample_tries == b.resample_tries);
  CHECK(a.popsize == b.popsize);
  CHECK(a.elite_ratio == b.elite_ratio);
  CHECK(a.alpha_mean == b.alpha_mean);
  CHECK(a.alpha_std == b.alpha_std);
  CHECK(a.std_around == b.std_around);
  CHECK(a.floor.fraction == b.floor.fraction);
  CHECK(a.floor.decay == b.floor.decay);
  CHECK(a.std_max_change == b.std_max_change);
  CHECK(a.inject == b.inject);
  CHECK(a.corners == b.corners);
  CHECK(a.min_gain == b.min_gain);
  CHECK(a.keep_best == b.keep_best);
  CHECK(a.keep_elites == b.keep_elites);
  CHECK(a.sense == b.sense);
  CHECK(a.on_nan == b.on_nan);
  CHECK(a.seed == b.seed);
  CHECK(a.max_iters == b.max_iters);
  CHECK(a.max_evals == b.max_evals);
  CHECK(a.target == b.target);
  CHECK(a.timeout == b.timeout);
  CHECK(a.tol_x == b.tol_x);
  CHECK(a.tol_f == b.tol_f);
  CHECK(a.flat_generations == b.flat_generations);
  CHECK(a.stagnation == b.stagnation);
  CHECK(a.restarts == b.restarts);
  CHECK(a.popsize_growth == b.popsize_growth);
  auto const s = search.state();
  auto const t = loaded.state();
  CHECK(s.generation == t.generation);
  CHECK(s.iters == t.iters);
  CHECK(s.evals == t.evals);
  CHECK(s.restarts == t.restarts);
  CHECK(s.since_restart == t.since_restart);
  CHECK(s.flat == t.flat);
  CHECK(s.since_better == t.since_better);
  CHECK(s.popsize == t.popsize);
  CHECK(t.elapsed > 0.0);
  CHECK(t.elapsed <= search.state().elapsed + 60.0);
  CHECK(s.opening == t.opening);
  CHECK(s.asked == t.asked);
  CHECK(s.mean == t.mean);
  CHECK(s.std == t.std);
  CHECK(s.members == t.members);
  CHECK(s.kept == t.kept);
  CHECK(s.seats == t.seats);
  CHECK(s.best_x == t.best_x);
  CHECK(s.best == t.best);
  CHECK(s.contender_x == t.contender_x);
  CHECK(s.contender == t.contender);
  CHECK(s.baselines == t.baselines);
  CHECK(s.stop.reason == t.stop.reason);
  // What was compared is nowhere what a field would be if it were left out.
  CHECK((!s.kept.empty() && s.seats.size() == 3 && s.baselines.size() == 6 && s.restarts > 0));
  CHECK((s.best.secondary != 0.0 && s.asked && !s.opening));
}

TEST_CASE("cem_checkpoint: a search saved by an observer goes on bit for bit, restarts or not") {
  test::temp_directory const folder;
  auto const saved_at = [&](std::size_t i) { return folder.path() / std::to_string(i); };
  auto const end = folder.path() / "end";
  for (int const restarts : {0, 2}) {
    auto o = busy_options();
    o.restarts = restarts;
    o.stagnation = 1;
    o.popsize_growth = 1.5;
    svf::cem<double> whole(o);
    std::size_t saved = 0;
    whole.observe([&](auto const&) { svf::save_cem(saved_at(saved++), whole); });
    while (!whole.stop()) {
      step(whole);
    }
    svf::save_cem(end, whole);
    std::string const expected = bytes_of(end);
    REQUIRE(saved >= (restarts == 0 ? 2 : 6));
    REQUIRE(whole.state().restarts == restarts);
    for (std::size_t i = 0; i < saved; ++i) {
      CAPTURE(i);
      auto resumed = svf::load_cem(saved_at(i));
      while (!resumed.stop()) {
        step(resumed);
      }
      svf::save_cem(end, resumed);
      CHECK(bytes_of(end) == expected);
    }
  }
}

TEST_CASE("cem_checkpoint: float searches are saved as such, other types are refused") {
  test::temp_directory const folder;
  auto const path = folder.path() / "search.safetensors";
  svf::cem_options<float> o;
  o.dim = 2;
  o.lower = {0.0f};
  o.upper = {1.0f};
  svf::cem<float> search(o);
  auto const x = search.ask();
  svf::save_cem(path, search);
  auto loaded = svf::load_cem<float>(path);
  CHECK(loaded.ask()(1, 31) == x(1, 31));
  CHECK_THROWS_AS(svf::load_cem<double>(path), svf::error);
}

TEST_CASE("cem_checkpoint: missing, foreign, truncated and damaged files are refused") {
  test::temp_directory const folder;
  auto const path = folder.path() / "search.safetensors";
  CHECK_THROWS_AS(svf::load_cem(path), svf::error);
  std::vector<double> const mean{1.0};
  svf::safetensors_writer foreign;
  foreign.add<double>("mean", {1}, mean);
  foreign.write(path);
  check_refused(path);

  svf::cem<double> search(busy_options());
  search.ask();
  svf::save_cem(path, search);
  std::string const good = bytes_of(path);
  auto const write = [&](std::string const& text) {
    std::ofstream(path, std::ios::binary) << text;
  };
  for (std::size_t size = 0; size < good.size(); size += 97) {
    write(good.substr(0, size));
    check_refused(path);
  }
  // Any damage is either refused or gives a search of modest size that still runs.
  int refused = 0;
  for (std::size_t at = 8; at < good.size(); at += 13) {
    std::string bad = good;
    bad[at] = char(bad[at] ^ 0x55);
    write(bad);
    try {
      auto loaded = svf::load_cem(path);
      auto const state = loaded.state();
      REQUIRE(state.popsize == loaded.options().popsize);
      REQUIRE(state.generation <= std::int64_t{1} << 62);
      REQUIRE(state.evals <= std::int64_t{1} << 62);
      step(loaded);
    } catch (svf::error const&) {
      ++refused;
    }
  }
  CHECK(refused > 100);
}

TEST_CASE("cem_checkpoint: options and states that the search refuses are refused as the file's") {
  test::temp_directory const folder;
  auto const path = folder.path() / "search.safetensors";
  svf::cem<double> search(busy_options());
  search.ask();
  using options = svf::cem_options<double>;
  using state = svf::cem_state<double>;
  auto const written = [&](std::function<void(options&, state&)> const& change) {
    options o = search.options();
    state s = search.state();
    change(o, s);
    svf::safetensors_writer file;
    file.set_metadata("format", svf::cem_format);
    svf::detail::visit_cem(o, s, svf::detail::field_writer{file});
    file.write(path);
  };
  written([](options&, state&) {});
  CHECK_NOTHROW(svf::load_cem(path));
  std::vector<std::function<void(options&, state&)>> const changes{
      [](options& o, state&) { o.dim = 0; },                         // shape
      [](options& o, state&) { o.dim = -3; },
      [](options& o, state&) { o.dim = svf::index_t{1} << 40; },     // 8 TiB of means
      [](options& o, state& s) {
        o.dim = svf::index_t{1} << 37;
        o.popsize = s.popsize = 2;
        o.lower = {0.0};
        o.upper = {1.0};
        o.init_mean.clear();
        o.init_std.clear();
      },
      [](options& o, state&) { o.popsize = 1; },                     // shape
      [](options& o, state&) { o.upper[0] = -1.0; },                 // numeric
      [](options& o, state&) { o.alpha_std = std::nan(""); },        // numeric
      [](options& o, state&) { o.inject[0].pop_back(); },
      [](options&, state& s) { s.popsize = svf::index_t{1} << 38; },
      [](options&, state& s) { s.evals = -1; },
      [](options&, state& s) { s.mean[0] = std::nan(""); },
  };
  for (std::size_t i = 0; i < changes.size(); ++i) {
    CAPTURE(i);
    written(changes[i]);
    check_refused(path);
  }
}

TEST_CASE("cem_checkpoint: a state that no search can have is refused, field by field") {
  using state = svf::cem_state<double>;
  auto o = busy_options();
  o.popsize_growth = 1.5;
  o.stagnation = 1;
  svf::cem<double> search(o);
  while (search.state().restarts < 1) {
    step(search);
  }
  step(search);
  search.ask();
  state const good = search.state();
  REQUIRE(good.popsize == 9);
  REQUIRE(good.iters > good.since_restart);
  CHECK_NOTHROW(svf::cem<double>(o, good));

  constexpr std::int64_t most = std::numeric_limits<std::int64_t>::max();
  constexpr double nan = std::numeric_limits<double>::quiet_NaN();
  std::vector<std::function<void(state&)>> const changes{
      [](state& s) { s.popsize = (svf::index_t{1} << 40) / 3; },
      [](state& s) { s.popsize = 10; },
      [](state& s) { s.popsize = 6; },
      [](state& s) { s.popsize = 0; },
      [](state& s) { s.restarts = 0; },
      [](state& s) { s.restarts = 2; },
      [](state& s) { s.restarts = 3; },
      [](state& s) { s.restarts = -1; },
      [](state& s) { s.restarts = most; },
      [](state& s) { s.generation = most; },
      [](state& s) { s.generation = -1; },
      [](state& s) { s.generation = s.iters - 1; },
      [](state& s) { s.iters = most; },
      [](state& s) { s.iters = s.since_restart - 1; },
      [](state& s) { s.generation = s.iters = s.since_restart = most; },
      [](state& s) { s.evals = most; },
      [](state& s) { s.evals = -1; },
      [](state& s) { s.since_restart = most; },
      [](state& s) { s.since_restart = -1; },
      [](state& s) { s.flat = most; },
      [](state& s) { s.flat = -1; },
      [](state& s) { s.since_better = most; },
      [](state& s) { s.since_better = -1; },
      [](state& s) { s.elapsed = nan; },
      [](state& s) { s.elapsed = -1.0; },
      [](state& s) { s.mean.pop_back(); },
      [](state& s) { s.mean[0] = nan; },
      [](state& s) { s.mean[1] = 2.5; },
      [](state& s) { s.std[0] = -1.0; },
      [](state& s) { s.std.clear(); },
      [](state& s) { s.members.clear(); },
      [](state& s) { s.members[0] = 7.0; },
      [](state& s) { s.kept.push_back(0.5); },
      [](state& s) { s.seats.assign(2, 0.5); },
      [](state& s) { s.best_x.pop_back(); },
      [](state& s) { s.best.secondary = nan; },
      [](state& s) { s.contender_x.push_back(0.5); },
      [](state& s) { s.contender.primary = nan; },
      [](state& s) { s.baselines.pop_back(); },
      [](state& s) { s.opening = true; },
  };
  for (std::size_t i = 0; i < changes.size(); ++i) {
    CAPTURE(i);
    state bad = good;
    changes[i](bad);
    try {
      svf::cem<double>(o, bad);
      FAIL_CHECK("the state was taken");
    } catch (svf::error const& e) {
      CHECK(e.kind() == svf::error_kind::format);
    }
  }
}
