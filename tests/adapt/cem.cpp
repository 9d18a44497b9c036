// SPDX-License-Identifier: Apache-2.0
#include <svfmath/adapt/cem.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <set>
#include <span>
#include <sstream>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include <doctest/doctest.h>
#include <support/close.hpp>
#include <support/random.hpp>
#include <svfmath/cpu/policy.hpp>

namespace {

using point = std::span<double const>;
using options = svf::cem_options<double>;

options unit_box(svf::index_t dim, std::uint64_t seed = 7) {
  options o;
  o.dim = dim;
  o.lower = {0.0};
  o.upper = {1.0};
  o.seed = seed;
  return o;
}

double bowl(point x) {  // best at (0.25, 0.5, 0.75, 0.25, ...)
  double sum = 0.0;
  for (std::size_t i = 0; i < x.size(); ++i) {
    double const d = x[i] - 0.25 * double(1 + i % 3);
    sum -= d * d;
  }
  return sum;
}

// The members, means and deviations of a whole run, in one list.
template <class F>
std::vector<double> trace(options const& o, F&& f) {
  svf::cem<double> search(o);
  std::vector<double> all;
  while (!search.stop()) {
    auto const x = search.ask();
    std::vector<double> values;
    for (svf::index_t m = 0; m < x.cols; ++m) {
      point const member(&x(0, m), std::size_t(x.rows));
      all.insert(all.end(), member.begin(), member.end());
      values.push_back(f(member));
    }
    search.tell(values);
    auto const r = search.result();
    all.insert(all.end(), r.mean.begin(), r.mean.end());
    all.insert(all.end(), r.std.begin(), r.std.end());
  }
  return all;
}

template <class F>
std::string message_of(F&& f, svf::error_kind kind) {
  try {
    f();
  } catch (svf::error const& e) {
    CHECK(e.kind() == kind);
    return e.what();
  }
  return "no error";
}

bool mentions(std::string const& text, std::string const& part) {
  return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("cem: equal seeds give equal traces, other seeds others, 0 is a seed") {
  options o = unit_box(5, 0);
  o.max_iters = 20;
  auto const first = trace(o, bowl);
  CHECK(first == trace(o, bowl));
  o.seed = 1;
  CHECK(first != trace(o, bowl));
}

TEST_CASE("cem: threads do not change the result") {
  options o = unit_box(6);
  o.max_iters = 30;
  svf::cem<double> serial(o);
  svf::cem<double> threaded(o);
  svf::cpu::par exec{4};
  auto const a = serial.optimize(bowl);
  auto const b = threaded.optimize(exec, bowl);
  CHECK(a.best_x == b.best_x);
  CHECK(a.mean == b.mean);
  CHECK(a.std == b.std);
}

TEST_CASE("cem: a strictly monotone transform of the values leaves the trace as it is") {
  options o = unit_box(4);
  o.max_iters = 25;
  CHECK(trace(o, bowl) ==
        trace(o, [](point x) { return 3.0 * bowl(x) + 8.0 * std::atan(bowl(x)); }));
}

TEST_CASE("cem: the least of f is the greatest of -f") {
  options o = unit_box(4);
  o.max_iters = 25;
  auto const greatest = trace(o, bowl);
  o.sense = svf::sense::min;
  CHECK(greatest == trace(o, [](point x) { return -bowl(x); }));
}

TEST_CASE("cem: moving the box moves the trace, stretched or not") {
  for (double const stretch : {1.0, 0.5, 8.0}) {
    options o = unit_box(4);
    o.max_iters = 15;
    svf::cem<double> plain(o);
    auto const a = plain.optimize(bowl);
    o.lower = {-3.0 * stretch};
    o.upper = {-2.0 * stretch};
    svf::cem<double> moved(o);
    auto const b = moved.optimize([&](point x) {
      std::vector<double> back(x.begin(), x.end());
      for (double& v : back) {
        v = v / stretch + 3.0;
      }
      return bowl(back);
    });
    for (std::size_t c = 0; c < 4; ++c) {  // the sum rounds to 2^-51, a hundred times or so
      CHECK(test::close(b.mean[c] / stretch + 3.0, a.mean[c], 1e-12));
      CHECK(test::close(b.std[c] / stretch, a.std[c], 1e-12));
      CHECK(test::close(b.best_x[c] / stretch + 3.0, a.best_x[c], 1e-12));
    }
    CHECK(test::close(a.best_f, b.best_f, 1e-12));
  }
}

TEST_CASE("cem: stretching the box stretches the trace") {
  options o = unit_box(4);
  o.max_iters = 25;
  auto const small = trace(o, bowl);
  o.upper = {8.0};  // a power of two: exact
  auto large = trace(o, [](point x) {
    std::vector<double> scaled(x.begin(), x.end());
    for (double& v : scaled) {
      v /= 8.0;
    }
    return bowl(scaled);
  });
  for (double& v : large) {
    v /= 8.0;
  }
  CHECK(small == large);
}

TEST_CASE("cem: members of equal worth may change places") {
  options o = unit_box(3);
  auto const steps = [](point x) { return std::floor(4.0 * std::min(x[0] + x[1], 1.5)); };
  svf::cem<double> as_asked(o);
  svf::cem<double> shuffled(o);
  for (int generation = 0; generation < 8; ++generation) {
    auto const x = as_asked.ask();
    std::vector<double> values;
    svf::matrix<double> turned(x.rows, x.cols);
    std::vector<double> turned_values(std::size_t(x.cols));
    for (svf::index_t m = 0; m < x.cols; ++m) {
      values.push_back(steps({&x(0, m), std::size_t(x.rows)}));
    }
    for (svf::index_t m = 0; m < x.cols; ++m) {
      svf::index_t const to = (m * 11 + 5) % x.cols;
      for (svf::index_t c = 0; c < x.rows; ++c) {
        turned(c, to) = x(c, m);
      }
      turned_values[std::size_t(to)] = values[std::size_t(m)];
    }
    as_asked.tell(values);
    shuffled.tell(std::as_const(turned).view(), turned_values);
    CAPTURE(generation);
    CHECK(as_asked.result().mean == shuffled.result().mean);
    CHECK(as_asked.result().std == shuffled.result().std);
    CHECK(as_asked.result().best_x == shuffled.result().best_x);
  }
}

TEST_CASE("cem: members stay within the box, fixed coordinates stay fixed") {
  using svf::bounds_handling;
  for (auto const kind :
       {bounds_handling::clip, bounds_handling::reflect, bounds_handling::resample}) {
    options o;
    o.dim = 4;
    o.lower = {0.0, -2.0, 3.0, 1.0};
    o.upper = {1.0, 5.0, 3.0, 1.5};
    o.init_std = {3.0};
    o.bounds = kind;
    o.max_iters = 15;
    svf::cem<double> search(o);
    while (!search.stop()) {
      auto const x = search.ask();
      std::vector<double> values;
      for (svf::index_t m = 0; m < x.cols; ++m) {
        for (svf::index_t c = 0; c < 4; ++c) {
          REQUIRE(x(c, m) >= o.lower[std::size_t(c)]);
          REQUIRE(x(c, m) <= o.upper[std::size_t(c)]);
        }
        REQUIRE(x(2, m) == 3.0);
        values.push_back(x(0, m) + x(1, m) - x(3, m));
      }
      search.tell(values);
    }
    CHECK(search.result().best_f > 4.5);
    CHECK(search.result().std[2] == 0.0);
  }
}

TEST_CASE("cem: reflection folds at both bounds") {
  CHECK(svf::detail::reflected(1.25, 0.0, 1.0) == 0.75);
  CHECK(svf::detail::reflected(-0.25, 0.0, 1.0) == 0.25);
  CHECK(svf::detail::reflected(2.25, 0.0, 1.0) == 0.25);
  CHECK(svf::detail::reflected(-3.5, 0.0, 1.0) == 0.5);
  double const inf = std::numeric_limits<double>::infinity();
  CHECK(svf::detail::reflected(-3.5, 0.0, inf) == 3.5);
}

TEST_CASE("cem: unbounded coordinates need a start and then work") {
  options o;
  o.dim = 2;
  CHECK(mentions(message_of([&] { svf::cem<double> c(o); }, svf::error_kind::numeric),
                 "init_mean"));
  o.init_mean = {4.0};
  CHECK(mentions(message_of([&] { svf::cem<double> c(o); }, svf::error_kind::numeric), "init_std"));
  o.init_std = {2.0};
  o.bounds = svf::bounds_handling::none;
  auto const r = svf::cem<double>(o).optimize([](point x) {
    return -std::pow(x[0] - 1.0, 2) - std::pow(x[1] - 6.0, 2);
  });
  CHECK(test::close(r.mean[0], 1.0, 1e-6));
  CHECK(test::close(r.mean[1], 6.0, 1e-6));
}

TEST_CASE("cem: one update by hand") {
  options o = unit_box(1);
  o.popsize = 5;
  o.elite_ratio = 0.4;
  o.alpha_mean = 0.25;
  svf::cem<double> search(o);
  svf::matrix<double> x(1, 5);
  for (svf::index_t m = 0; m < 5; ++m) {
    x(0, m) = 0.2 * double(m);
  }
  SUBCASE("two elites") {
    search.tell(std::as_const(x).view(), std::vector<double>{0, 1, 5, 2, 4});  // 0.4 and 0.8
    CHECK(test::close(search.result().mean[0], 0.25 * 0.5 + 0.75 * 0.6, 1e-15));
    CHECK(test::close(search.result().std[0], 0.5 * 0.5 + 0.5 * std::sqrt(0.08), 1e-15));
  }
  SUBCASE("two members of equal worth share the second seat") {
    // 0.4, half 0 and 0.8
    search.tell(std::as_const(x).view(), std::vector<double>{4, 1, 5, 2, 4});
    CHECK(test::close(search.result().mean[0], 0.25 * 0.5 + 0.75 * 0.4, 1e-15));
    CHECK(test::close(search.result().std[0], 0.5 * 0.5 + 0.5 * 0.4, 1e-15));
  }
  SUBCASE("the second value decides between equal first ones") {
    search.tell(std::as_const(x).view(),
                std::vector<svf::fitness>{{4, -2}, {1, 0}, {5, -9}, {2, 0}, {4, -1}});
    CHECK(test::close(search.result().mean[0], 0.25 * 0.5 + 0.75 * 0.6, 1e-15));
  }
}

TEST_CASE("cem: deviation around the old mean, its floor and its largest change") {
  svf::matrix<double> x(1, 4);
  x(0, 0) = x(0, 1) = 0.9;
  std::vector<double> const values{3, 2, 0, 0};  // g++ 12 -mavx512vl copies {2, 2, 0, 0} wrongly
  options o = unit_box(1);
  o.elite_ratio = 0.5;
  o.alpha_std = 0.0;
  auto const std_after = [&] {
    svf::cem<double> search(o);
    search.tell(std::as_const(x).view(), values);
    return search.result().std[0];
  };
  CHECK(std_after() == 0.0);
  o.std_around = svf::std_reference::old_mean;
  CHECK(test::close(std_after(), 0.4, 1e-15));
  o.std_around = svf::std_reference::new_mean;
  o.floor = {0.05, 0.93};
  CHECK(std_after() == 0.05);
  o.floor = {};
  o.std_max_change = 0.2;
  CHECK(test::close(std_after(), 0.4, 1e-15));
}

TEST_CASE("cem: the deviation may grow by its largest change only") {
  options o = unit_box(1);
  o.init_std = {0.1};
  o.elite_ratio = 0.5;
  o.alpha_std = 0.0;
  svf::matrix<double> x(1, 4);
  x(0, 1) = 1.0;
  std::vector<double> const values{3, 2, 0, 0};
  auto const std_after = [&] {
    svf::cem<double> search(o);
    search.tell(std::as_const(x).view(), values);
    return search.result().std[0];
  };
  CHECK(test::close(std_after(), std::sqrt(0.5), 1e-15));
  o.std_max_change = 0.2;
  CHECK(test::close(std_after(), 0.12, 1e-15));
}

TEST_CASE("cem: the floor of the deviation decays with the generations, from a start on") {
  options o = unit_box(1);
  o.upper = {4.0};
  o.elite_ratio = 0.5;
  o.alpha_std = 0.0;
  o.floor = {0.05, 0.5};
  svf::matrix<double> x(1, 4);
  x(0, 0) = x(0, 1) = 2.0;
  std::vector<double> const values{3, 2, 0, 0};
  svf::cem<double> search(o);
  for (double const expected : {0.2, 0.1, 0.05, 0.025}) {
    search.tell(std::as_const(x).view(), values);
    CHECK(test::close(search.result().std[0], expected, 1e-15));
  }
}

TEST_CASE("cem: the floor of an unbounded coordinate is a share of twice its first deviation") {
  double const inf = std::numeric_limits<double>::infinity();
  options o;
  o.dim = 2;
  o.lower = {-inf, 0.0};
  o.upper = {0.0, inf};
  o.init_mean = {-1.0, 1.0};
  o.init_std = {3.0, 5.0};
  o.elite_ratio = 0.5;
  o.alpha_std = 0.0;
  o.floor = {0.1, 1.0};
  svf::matrix<double> const x(2, 4);
  svf::cem<double> search(o);
  search.tell(x.view(), std::vector<double>{3, 2, 0, 0});
  CHECK(test::close(search.result().std[0], 0.6, 1e-15));
  CHECK(test::close(search.result().std[1], 1.0, 1e-15));
}

TEST_CASE("cem: every handling of bounds repairs the same draws in its own way") {
  using svf::bounds_handling;
  options o = unit_box(2);
  o.init_mean = {0.5};
  o.init_std = {2.0};
  o.popsize = 400;
  auto const members = [&](bounds_handling kind) {
    o.bounds = kind;
    svf::cem<double> search(o);
    auto const x = search.ask();
    return std::vector<double>(x.data, x.data + x.size());
  };
  auto const drawn = members(bounds_handling::none);
  auto const clipped = members(bounds_handling::clip);
  auto const folded = members(bounds_handling::reflect);
  auto const again = members(bounds_handling::resample);
  o.resample_tries = 0;
  CHECK(members(bounds_handling::resample) == clipped);
  double below = 0.0;
  std::size_t outside = 0;
  for (std::size_t i = 0; i < drawn.size(); ++i) {
    REQUIRE(clipped[i] == std::clamp(drawn[i], 0.0, 1.0));
    REQUIRE(test::close(folded[i], svf::detail::reflected(drawn[i], 0.0, 1.0), 1e-15));
    if (drawn[i] >= 0.0 && drawn[i] <= 1.0) {
      REQUIRE(again[i] == drawn[i]);
    } else {
      ++outside;
      REQUIRE((again[i] > 0.0 && again[i] < 1.0));  // a hundred tries suffice
    }
    below += again[i] < 0.5 ? 1.0 / 800.0 : 0.0;
  }
  CHECK(outside > 500);  // 80 %: 642 expected, standard deviation 11
  CHECK(std::abs(below - 0.5) < 5.0 * 0.5 / std::sqrt(800.0));
}

TEST_CASE("cem: every generation has a tag of its own, which only the seed decides") {
  svf::cem<double> search(unit_box(1));
  std::set<std::uint64_t> tags;
  for (int generation = 0; generation < 20; ++generation) {
    search.ask();
    auto const tag = search.generation_seed();
    tags.insert(tag);
    CHECK(search.generation_seed() == tag);
    CHECK(svf::cem<double>(search.options(), search.state()).generation_seed() == tag);
    search.tell(std::vector<double>(32, 1.0));
  }
  CHECK(tags.size() == 20);
  CHECK(svf::cem<double>(unit_box(1, 8)).generation_seed() !=
        svf::cem<double>(unit_box(1, 7)).generation_seed());
}

TEST_CASE("cem: a NaN member ranks last or throws") {
  options o = unit_box(2);
  o.max_iters = 10;
  double const nan = std::numeric_limits<double>::quiet_NaN();
  auto const f = [&](point x) { return x[0] > 0.5 ? nan : x[0] + x[1]; };
  svf::cem<double> search(o);
  auto const r = search.optimize(f);
  CHECK(r.best_x[0] <= 0.5);
  CHECK(r.mean[0] <= 0.5);
  CHECK(r.best_f > 1.4);
  svf::cem<double> nothing(o);
  CHECK(nothing.optimize([&](point) { return nan; }).best_x.empty());
  o.on_nan = svf::nan_policy::raise;
  svf::cem<double> strict(o);
  auto const before = strict.ask();
  std::vector<double> values(32, 1.0);
  values[3] = nan;
  CHECK(mentions(message_of([&] { strict.tell(values); }, svf::error_kind::numeric), "member 3"));
  CHECK(strict.ask().data == before.data);
  CHECK(strict.result().evals == 0);
}

TEST_CASE("cem: a flat function keeps its deviation and says why it ended") {
  auto const r = svf::cem<double>(unit_box(3)).optimize([](point) { return 1.0; });
  CHECK(r.stop.reason == svf::stop_reason::flat_fitness);
  CHECK(r.stop.value == 10.0);
  CHECK(r.stop.threshold == 10.0);
  CHECK(r.std == std::vector<double>(3, 0.5));
  CHECK(r.mean == std::vector<double>(3, 0.5));
  svf::cem<double> again(unit_box(3));
  auto const x = again.ask();
  std::vector<double> least{2.0, 2.0, 2.0};  // of equals the lexicographically least
  for (svf::index_t m = 0; m < x.cols; ++m) {
    least = std::min(least, std::vector<double>{x(0, m), x(1, m), x(2, m)});
  }
  CHECK(r.best_x == least);
}

TEST_CASE("cem: every reason to stop, with value and threshold") {
  auto const reason = [](options o, auto&& f) {
    auto const r = svf::cem<double>(std::move(o)).optimize(f);
    CHECK(r.evals == 32 * r.iters);
    return r.stop;
  };
  using svf::stop_reason;
  options o = unit_box(2);
  auto s = reason(o, bowl);
  CHECK((s.reason == stop_reason::max_iters && s.value == 100.0 && s.threshold == 100.0));
  o.target = -1e-3;
  s = reason(o, bowl);
  CHECK((s.reason == stop_reason::target && s.value >= -1e-3 && s.threshold == -1e-3));
  o = unit_box(2);
  o.max_evals = 100;
  s = reason(o, bowl);
  CHECK((s.reason == stop_reason::max_evals && s.value == 96.0 && s.threshold == 100.0));
  o = unit_box(2);
  o.tol_x = 1e-3;
  s = reason(o, bowl);
  CHECK((s.reason == stop_reason::tol_x && s.value < 1e-3 && s.threshold == 1e-3));
  o = unit_box(2);
  o.tol_f = 1e-5;
  s = reason(o, bowl);
  CHECK((s.reason == stop_reason::tol_f && s.value < 1e-5));
  o = unit_box(2);
  o.stagnation = 4;
  o.inject = {{0.25, 0.5}};
  s = reason(o, bowl);
  CHECK((s.reason == stop_reason::stagnation && s.value == 4.0));
  o = unit_box(2);
  o.timeout = 0.0;
  s = reason(o, bowl);
  CHECK((s.reason == stop_reason::timeout && s.value > 0.0));
  o = unit_box(2);
  o.callback = [](svf::cem_record<double> const& record) { return record.generation == 2; };
  s = reason(o, bowl);
  CHECK((s.reason == stop_reason::callback && s.value == 3.0));
  o.max_iters = 0;
  CHECK(svf::cem<double>(o).optimize(bowl).evals == 0);
}

TEST_CASE("cem: corners are members of the first generation and its baselines") {
  options o = unit_box(3);
  o.inject = {{1.0 / 3, 1.0 / 3, 1.0 / 3}};
  o.corners = {{1, 0, 0}, {0, 1, 0}, {0, 0, 1}, {0, 0, 0}};
  auto const f = [](point x) { return x[1] - x[0] - x[2] * x[2]; };
  svf::cem<double> search(o);
  auto const x = search.ask();
  CHECK(x.cols == 32);
  CHECK((x(0, 1) == 1.0 && x(1, 2) == 1.0 && x(2, 3) == 1.0 && x(2, 4) == 0.0));
  auto const r = search.optimize(f);
  REQUIRE(r.baselines.size() == 4);
  CHECK(r.baselines[0].primary == -1.0);
  CHECK(r.baselines[1].primary == 1.0);
  CHECK(r.baselines[2].primary == -1.0);
  CHECK(r.baselines[3].primary == 0.0);
  CHECK(r.best_f == 1.0);
  CHECK(!r.improved_over_best_single);
  SUBCASE("as an extra generation if they exceed popsize") {
    o.popsize = 4;
    o.max_iters = 6;
    svf::cem<double> small(o);
    CHECK(small.ask().cols == 5);
    auto const s = small.optimize(f);
    CHECK(s.evals == 5 + 4 * 6);
    CHECK(s.iters == 6);
    CHECK(s.baselines == r.baselines);
  }
  SUBCASE("own points leave them pending") {
    svf::cem<double> own(o);
    svf::matrix<double> points(3, 2);
    own.ask();
    own.tell(std::as_const(points).view(), std::vector<double>{1.0, 2.0});
    CHECK(own.result().baselines.empty());
    CHECK(own.ask()(0, 1) == 1.0);
  }
}

TEST_CASE("cem: the best is worth at least every baseline, on 1000 random problems") {
  svf::random_stream const random(99);
  int improved = 0;
  for (std::uint64_t p = 0; p < 1000; ++p) {
    options o = unit_box(svf::index_t(1 + random.below(3 * p, 5)), p);
    o.popsize = svf::index_t(2 + random.below(3 * p + 1, 12));
    o.max_iters = 4;
    std::size_t const dim = std::size_t(o.dim);
    for (std::size_t k = 0; k <= dim; ++k) {
      o.corners.push_back(std::vector<double>(dim, 0.0));
      if (k < dim) {
        o.corners.back()[k] = 1.0;
      }
    }
    auto const centre = test::uniform_vector<double>(dim, -0.5, 1.5, p);
    auto const r = svf::cem<double>(o).optimize([&](point x) {
      double sum = 0.0;
      for (std::size_t i = 0; i < dim; ++i) {
        sum -= std::abs(x[i] - centre[i]);
      }
      return sum;
    });
    INFO("problem ", p);
    REQUIRE(r.baselines.size() == dim + 1);
    bool above_all = true;
    for (auto const& baseline : r.baselines) {
      REQUIRE(r.best_f >= baseline.primary);
      above_all = above_all && r.best_f > baseline.primary;
    }
    REQUIRE(r.improved_over_best_single == above_all);
    improved += above_all;
  }
  CHECK(improved > 300);
  CHECK(improved < 1000);
}

TEST_CASE("cem: the three rules for the best point") {
  options o = unit_box(2);
  std::vector<double> values(32, 0.0);
  values[9] = 5.0;
  for (auto const rule : {svf::elitist::archive, svf::elitist::reevaluate, svf::elitist::off}) {
    o.keep_best = rule;
    svf::cem<double> search(o);
    auto const x = search.ask();
    std::vector<double> const best{x(0, 9), x(1, 9)};
    search.tell(values);
    auto const next = search.ask();
    bool const again = next(0, 0) == best[0] && next(1, 0) == best[1];
    CHECK(again == (rule == svf::elitist::reevaluate));
    std::vector<double> lower(32, 1.0);
    lower[4] = 2.0;
    search.tell(lower);
    CHECK(search.result().best_f == (rule == svf::elitist::archive ? 5.0 : 2.0));
  }
}

TEST_CASE("cem: kept elites and injected points are members of the next generation") {
  options o = unit_box(2);
  o.keep_elites = 0.3;  // ceil(0.3 * 7) = 3
  svf::cem<double> search(o);
  auto const x = search.ask();
  std::vector<double> values(32);
  std::vector<std::vector<double>> points;
  for (std::size_t m = 0; m < 32; ++m) {
    values[m] = double((m * 7) % 32);
    points.push_back({x(0, svf::index_t(m)), x(1, svf::index_t(m))});
  }
  search.tell(values);
  search.inject(std::vector<double>{0.125, 0.875});
  auto const next = search.ask();
  for (std::size_t i = 0; i < 3; ++i) {  // (m * 7) % 32 is 31, 30, 29 for m = 9, 18, 27
    CHECK(next(0, svf::index_t(i)) == points[9 * (i + 1)][0]);
  }
  CHECK(next(0, 3) == 0.125);
  CHECK(next(1, 3) == 0.875);
  CHECK(mentions(message_of([&] { search.inject(std::vector<double>{0.5, 0.5}); },
                            svf::error_kind::shape), "before ask"));
}

TEST_CASE("cem: the best is one member and one elite, however many elites are kept") {
  options o = unit_box(1);
  o.popsize = 10;  // two elites
  o.keep_elites = 1.0;
  std::vector<double> values{1, 2, 3, 9, 4, 5, 6, 8, 7, 0};
  for (auto const rule : {svf::elitist::archive, svf::elitist::reevaluate}) {
    o.keep_best = rule;
    svf::cem<double> search(o);
    auto const x = search.ask();
    double const best = x(0, 3);
    double const second = x(0, 7);
    search.tell(values);
    auto const next = search.ask();
    CHECK(next(0, 0) == best);
    CHECK(next(0, 1) == second);
    for (svf::index_t m = 2; m < 10; ++m) {
      CHECK(next(0, m) != best);
    }
    search.tell(std::vector<double>{9, 8, 1, 1, 1, 1, 1, 1, 1, 1});
    CHECK(test::close(search.result().mean[0], (best + second) / 2, 1e-15));
  }
}

TEST_CASE("cem: injected points stay for the next ask, kept ones make room for them") {
  options o = unit_box(2);
  o.popsize = 4;
  o.elite_ratio = 1.0;
  o.keep_elites = 1.0;
  svf::matrix<double> own(2, 6);
  own(0, 0) = 0.5;
  std::vector<double> const values{6, 5, 4, 3, 2, 1};
  SUBCASE("in the opening generation") {
    o.corners = {{1, 0}, {0, 1}, {1, 1}};
    svf::cem<double> search(o);
    search.tell(std::as_const(own).view(), values);
    auto const x = search.ask();
    REQUIRE(x.cols == 4);
    CHECK(x(0, 0) == 0.5);
    CHECK((x(0, 1) == 1.0 && x(1, 2) == 1.0 && x(0, 3) == 1.0));
    CHECK_NOTHROW(svf::cem<double>(o, search.state()));
    search.tell(std::vector<double>{0, 1, 2, 3});
    CHECK(search.result().baselines == std::vector<svf::fitness>{{1, 0}, {2, 0}, {3, 0}});
  }
  SUBCASE("in a later one") {
    svf::cem<double> search(o);
    search.ask();
    search.tell(std::vector<double>(4, svf::unmeasured.primary));  // nobody is kept
    for (double const at : {0.125, 0.375, 0.625, 0.875}) {
      search.inject(std::vector<double>{at, at});
    }
    search.ask();
    search.tell(std::as_const(own).view(), values);
    auto const x = search.ask();
    CHECK((x(0, 0) == 0.125 && x(0, 1) == 0.375 && x(0, 2) == 0.625 && x(0, 3) == 0.875));
    CHECK_NOTHROW(svf::cem<double>(o, search.state()));
  }
}

TEST_CASE("cem: max_evals holds for the opening generation too") {
  options o = unit_box(1);
  o.popsize = 4;
  o.corners = {{0.0}, {0.25}, {0.5}, {0.75}, {1.0}};
  o.max_evals = 6;
  svf::cem<double> search(o);
  search.inject(std::vector<double>{0.3});
  CHECK(mentions(message_of([&] { search.inject(std::vector<double>{0.5}); },
                            svf::error_kind::shape), "max_evals = 6"));
  auto const r = search.optimize(bowl);
  CHECK(r.evals == 6);
  CHECK(r.stop.reason == svf::stop_reason::max_evals);
}

TEST_CASE("cem: under noise the mean is close to the optimum") {
  for (std::uint64_t seed = 0; seed < 40; ++seed) {
    options o;
    o.dim = 10;
    o.lower = {-5.0};
    o.upper = {5.0};
    o.popsize = 64;
    o.max_iters = 150;
    o.sense = svf::sense::min;
    o.keep_best = svf::elitist::off;
    o.seed = seed;
    svf::random_stream const noise(seed, 1234567);
    std::uint64_t call = 0;
    auto const r = svf::cem<double>(o).optimize([&](point x) {
      double sum = 0.0;
      for (double const v : x) {
        sum += (v - 1.0) * (v - 1.0);
      }
      return sum * (1.0 + 0.1 * noise.normal(call++));
    });
    for (double const m : r.mean) {
      CHECK(test::close(m, 1.0, 0.1));
    }
  }
}

TEST_CASE("cem: common random numbers find better points than independent ones") {
  // 64 questions of different difficulty, 8 of them asked per generation or per member.
  constexpr std::size_t dim = 8;
  double sums[2] = {};
  for (std::uint64_t seed = 0; seed < 100; ++seed) {
    auto const skills = test::uniform_vector<double>(64 * dim, -1.0, 1.0, 1000 + seed);
    auto const hardness = test::uniform_vector<double>(64, -1.5, 1.5, 5000 + seed);
    auto const right = [&](point x, std::size_t q) {
      double score = -hardness[q];
      for (std::size_t i = 0; i < dim; ++i) {
        score += x[i] * skills[q * dim + i];
      }
      return score > 0.0 ? 1.0 : 0.0;
    };
    for (int common = 0; common < 2; ++common) {
      options o = unit_box(dim, seed);
      o.max_iters = 25;
      svf::cem<double> search(o);
      std::uint64_t calls = 0;
      auto const r = search.optimize([&](point x) {
        svf::random_stream const draw(common ? search.generation_seed() : ++calls, seed);
        double sum = 0.0;
        for (std::uint64_t i = 0; i < 8; ++i) {
          sum += right(x, std::size_t(draw.below(i, 64)));
        }
        return sum;
      });
      for (std::size_t q = 0; q < 64; ++q) {
        sums[common] += right(r.mean, q) / 6400.0;
      }
    }
  }
  INFO("common ", sums[1], ", independent ", sums[0]);
  CHECK(sums[1] > sums[0]);
}

TEST_CASE("cem: restarts begin anew with larger generations and keep the best") {
  options o = unit_box(2);
  o.restarts = 2;
  o.flat_generations = 2;
  std::vector<svf::index_t> sizes;
  auto const r = svf::cem<double>(o).optimize_batch([&](svf::matrix_view<double const> x) {
    sizes.push_back(x.cols);
    return std::vector<double>(std::size_t(x.cols), 1.0);
  });
  CHECK(sizes == std::vector<svf::index_t>{32, 32, 64, 64, 128, 128});
  CHECK(r.stop.reason == svf::stop_reason::flat_fitness);
  CHECK(r.evals == 448);
}

TEST_CASE("cem: a restart is a search of its own, the result the best of all") {
  options o = unit_box(2);
  o.popsize = 10;
  o.popsize_growth = 1.0;
  o.restarts = 1;
  o.stagnation = 3;
  svf::cem<double> search(o);
  auto const first = search.ask();
  std::vector<double> const champion{first(0, 4), first(1, 4)};
  std::vector<double> values(10, 1.0);
  values[4] = 100.0;
  search.tell(values);
  while (search.state().restarts == 0) {
    search.ask();
    search.tell(std::vector<double>{1, 2, 3, 4, 5, 6, 7, 8, 9, 10});
  }
  CHECK(search.state().iters == 4);
  CHECK(search.state().since_restart == 0);
  CHECK(search.state().std == std::vector<double>(2, 0.5));
  SUBCASE("only its own members are elites") {
    auto const x = search.ask();
    std::vector<double> const elites{x(0, 8), x(1, 8), x(0, 9), x(1, 9)};
    search.tell(std::vector<double>{1, 2, 3, 4, 5, 6, 7, 8, 9, 10});
    for (std::size_t c = 0; c < 2; ++c) {
      CHECK(test::close(search.result().mean[c], (elites[c] + elites[c + 2]) / 2, 1e-15));
    }
    SUBCASE("and then its own best") {
      auto const y = search.ask();
      double const member = y(0, 3);
      search.tell(std::vector<double>{1, 2, 3, 9.5, 5, 6, 7, 8, 9, 1});
      CHECK(test::close(search.result().mean[0], (member + elites[2]) / 2, 1e-15));
    }
  }
  SUBCASE("it stagnates by its own best") {
    for (double value = 1.0; value < 20.0; value += 1.0) {
      REQUIRE(!search.stop());
      search.ask();
      std::vector<double> rising(10, 0.0);
      rising[0] = value;
      search.tell(rising);
    }
    CHECK(!search.stop());
  }
  CHECK(search.result().best_x == champion);
  CHECK(search.result().best_f == 100.0);
}

TEST_CASE("cem: observers and callback meet a search whose end or restart is decided") {
  options o = unit_box(2);
  o.tol_x = 1e-2;
  o.restarts = 1;
  o.max_iters = 40;
  svf::cem<double> search(o);
  std::vector<std::int64_t> restarts;
  search.observe([&](svf::cem_record<double> const& record) {
    auto const state = search.state();
    restarts.push_back(state.restarts);
    CHECK(state.generation == record.generation + 1);
    if (restarts.size() > 1 && restarts.back() != restarts[restarts.size() - 2]) {
      CHECK(record.std_max < 1e-2);  // of the generation that ended the start
      CHECK(*std::max_element(record.std.begin(), record.std.end()) == record.std_max);
      CHECK(record.mean[0] != state.mean[0]);
      CHECK(state.std == std::vector<double>(2, 0.5));
    } else {
      CHECK(std::equal(record.mean.begin(), record.mean.end(), state.mean.begin()));
    }
  });
  search.optimize(bowl);
  CHECK(restarts.back() == 1);
}

TEST_CASE("cem: an observer that throws leaves a search that is over") {
  options o = unit_box(2);
  o.max_iters = 3;
  svf::cem<double> search(o);
  search.observe([](svf::cem_record<double> const& record) {
    if (record.generation == 2) {
      throw std::runtime_error("full disk");
    }
  });
  CHECK_THROWS_AS(search.optimize(bowl), std::runtime_error);
  CHECK(search.stop().reason == svf::stop_reason::max_iters);
  CHECK(search.optimize(bowl).iters == 3);
}

TEST_CASE("cem: a callback that ends the search does so before a restart") {
  options o = unit_box(2);
  o.tol_x = 1e-2;
  o.restarts = 1;
  o.callback = [](svf::cem_record<double> const& record) { return record.std_max < 1e-2; };
  auto const r = svf::cem<double>(o).optimize(bowl);
  CHECK(r.stop.reason == svf::stop_reason::callback);
  CHECK(*std::max_element(r.std.begin(), r.std.end()) < 1e-2);
  CHECK(test::close(r.mean[1], 0.5, 1e-2));
  o.restarts = 0;  // over already: the reason stays
  CHECK(svf::cem<double>(o).optimize(bowl).stop.reason == svf::stop_reason::tol_x);
}

TEST_CASE("cem: no start that revalues its best replaces a better one, nor do own points") {
  for (std::uint64_t seed = 0; seed < 100; ++seed) {
    options o;
    o.dim = 2;
    o.lower = {-5.12};
    o.upper = {5.12};
    o.seed = seed;
    o.popsize = 8;
    o.popsize_growth = 1.0;
    o.keep_best = svf::elitist::reevaluate;
    o.restarts = 3;
    o.tol_x = 1e-3;
    o.max_iters = 200;
    o.corners = {{0.75, -0.5}, {3.0, 3.0}};
    double best = -1e9;
    auto const rastrigin = [&](point x) {
      double sum = 0.0;
      for (double const v : x) {
        sum -= 10.0 + v * v - 10.0 * std::cos(6.283185307179586 * v);
      }
      best = std::max(best, sum);
      return sum;
    };
    INFO("seed ", seed);
    svf::cem<double> search(o);
    auto const r = search.optimize(rastrigin);
    REQUIRE(search.state().restarts >= 1);
    REQUIRE(r.best_f == best);
    REQUIRE(r.best_f == rastrigin(r.best_x));
    REQUIRE(r.best_f >= std::max(r.baselines[0], r.baselines[1]).primary);
    svf::matrix<double> const origin(2, 2);
    search.tell(origin.view(), std::vector<double>{-500.0, -500.0});
    REQUIRE(search.result().best_f == best);
  }
}

TEST_CASE("cem: a start that revalues its best is a search of its own") {
  options o = unit_box(1);
  o.init_std = {0.1};  // hardly any member on a bound
  o.popsize = 4;
  o.popsize_growth = 1.0;
  o.keep_best = svf::elitist::reevaluate;
  o.restarts = 1;
  o.flat_generations = 1;
  svf::cem<double> search(o);
  auto const first = search.ask();
  double const champion = first(0, 2);
  search.tell(std::vector<double>{1.0, 2.0, 9.0, 1.0});
  search.ask();
  search.tell(std::vector<double>(4, 8.0));  // flat: the restart
  REQUIRE(search.state().restarts == 1);
  CHECK(search.result().best_f == 8.0);  // valued again, and no better than that
  auto const second = search.ask();
  for (svf::index_t m = 0; m < 4; ++m) {
    CHECK(second(0, m) != champion);
  }
  double const own = second(0, 1);
  search.tell(std::vector<double>{1.0, 3.0, 2.0, 1.0});
  CHECK(search.result().best_f == 8.0);
  CHECK(search.ask()(0, 0) == own);
  search.tell(std::vector<double>{8.5, 1.0, 1.0, 1.0});  // better: from here on it is revalued
  CHECK(search.result().best_x == std::vector<double>{own});
  search.ask();
  search.tell(std::vector<double>{0.5, 0.1, 0.2, 0.3});
  CHECK(search.result().best_f == 0.5);
}

TEST_CASE("cem: a restart draws bounded and unbounded coordinates independently") {
  // normal(0) of a stream is r·cos(2π·uniform(1)) of the same stream: equal signs for ever.
  double const inf = std::numeric_limits<double>::infinity();
  int equal = 0;
  for (std::uint64_t seed = 0; seed < 400; ++seed) {
    options o = unit_box(2, seed);
    o.lower = {-inf, 0.0};
    o.upper = {inf, 1.0};
    o.init_mean = {0.0, 0.5};
    o.init_std = {1.0, 0.5};
    o.popsize = 2;
    o.restarts = 1;
    o.flat_generations = 1;
    svf::cem<double> search(o);
    search.ask();
    search.tell(std::vector<double>(2, 1.0));
    auto const mean = search.state().mean;
    REQUIRE(search.state().restarts == 1);
    equal += (mean[0] > 0.0) == (std::abs(mean[1] - 0.5) > 0.25);
  }
  CHECK(equal > 150);  // 200 expected, standard deviation 10
  CHECK(equal < 250);
}

TEST_CASE("cem: golden trace") {
  options o = unit_box(3, 42);
  o.max_iters = 5;
  svf::cem<double> search(o);
  std::ostringstream log;
  search.observe([&](svf::cem_record<double> const& record) { svf::write_json_line(log, record); });
  auto const r = search.optimize(bowl);
  CHECK(test::close(r.mean[0], 0.252800, 1e-5));
  CHECK(test::close(r.mean[1], 0.452655, 1e-5));
  CHECK(test::close(r.mean[2], 0.707875, 1e-5));
  CHECK(test::close(r.std[0], 0.097938, 1e-5));
  CHECK(test::close(r.best_f, -0.00184272, 1e-5));
  std::string const text = log.str();
  CHECK(std::count(text.begin(), text.end(), '\n') == 5);
  CHECK(mentions(text, "{\"generation\":4,\"evals\":160,\"best\":"));
}

TEST_CASE("cem: wrong use is named") {
  auto const refused = [](auto change, svf::error_kind kind) {
    options o = unit_box(2);
    change(o);
    return message_of([&] { svf::cem<double> c(o); }, kind);
  };
  using svf::error_kind;
  CHECK(mentions(refused([](options& o) { o.dim = 0; }, error_kind::shape), "dim >= 1"));
  CHECK(mentions(refused([](options& o) { o.popsize = 1; }, error_kind::shape), "popsize >= 2"));
  CHECK(mentions(refused([](options& o) { o.lower = {2.0}; }, error_kind::numeric),
                 "lower <= upper"));
  CHECK(mentions(refused([](options& o) { o.upper = {1, 1, 1}; }, error_kind::shape), "got 3"));
  CHECK(mentions(refused([](options& o) { o.inject = {{0.5}}; }, error_kind::shape), "injected"));
  CHECK(mentions(refused([](options& o) { o.corners = {{0.5, 2.0}}; }, error_kind::numeric),
                 "corner"));
  CHECK(mentions(refused([](options& o) { o.alpha_std = NAN; }, error_kind::numeric), "alpha_std"));
  CHECK(mentions(refused([](options& o) { o.init_mean = {NAN}; }, error_kind::numeric),
                 "init_mean"));
  CHECK(mentions(refused([](options& o) { o.init_std = {-1.0}; }, error_kind::numeric),
                 "init_std"));
  CHECK(mentions(refused([](options& o) { o.max_evals = 3; }, error_kind::numeric), "max_evals"));
  svf::cem<double> search(unit_box(2));
  std::vector<double> const few(3, 1.0);
  CHECK(mentions(message_of([&] { search.tell(few); }, error_kind::shape), "ask() before tell()"));
  search.ask();
  CHECK(mentions(message_of([&] { search.tell(few); }, error_kind::shape),
                 "expected 32 values, got 3"));
  svf::matrix<double> outside(2, 2);
  outside(1, 1) = 3.0;
  auto const tell_outside = [&] {
    search.tell(std::as_const(outside).view(), std::vector{1.0, 2.0});
  };
  CHECK(mentions(message_of(tell_outside, error_kind::numeric), "within [0, 1], got 3"));
}
