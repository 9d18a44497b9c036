// SPDX-License-Identifier: Apache-2.0
// How well the search must find known optima: for every function the share of seeds that get within
// a distance of the optimal value. The limits were measured over 200 seeds by an independent
// implementation and lie one to several powers of ten above its worst seed. A search stops once it
// is within half the limit: the archive's best never gets worse.
#include <svfmath/adapt/cem.hpp>

#include <algorithm>
#include <cmath>
#include <functional>
#include <numbers>
#include <span>
#include <string>
#include <vector>

#include <doctest/doctest.h>

namespace {

constexpr double pi = std::numbers::pi;
using point = std::span<double const>;

struct budget {
  svf::index_t popsize;
  std::int64_t iters;
  double elite_ratio;
  double alpha_std;
};
constexpr budget A{32, 50, 0.2, 0.5};
constexpr budget B{64, 150, 0.2, 0.5};
constexpr budget C{256, 200, 0.1, 0.7};

constexpr int seeds = 40;  // 1 … 40, as they come

template <class T = double, class F>
double gap(F&& f, svf::index_t dim, T lo, T hi, double best, budget const& b, double limit,
           int seed, svf::elitist keep_best) {
  svf::cem_options<T> o;
  o.dim = dim;
  o.lower = {lo};
  o.upper = {hi};
  o.popsize = b.popsize;
  o.max_iters = b.iters;
  o.elite_ratio = b.elite_ratio;
  o.alpha_std = b.alpha_std;
  o.sense = svf::sense::min;
  o.keep_best = keep_best;
  o.target = best + 0.5 * limit;
  o.seed = std::uint64_t(seed);
  svf::cem<T> search(o);
  return search.optimize(f).best_f - best;
}

// The share of seeds whose gap is below `limit` must be at least `share`.
template <class T = double, class F>
void gate(char const* name, F&& f, svf::index_t dim, T lo, T hi, double best, budget const& b,
          double limit, double share = 1.0, svf::elitist keep_best = svf::elitist::archive) {
  int passed = 0;
  double worst = 0.0;
  for (int seed = 1; seed <= seeds; ++seed) {
    double const g = gap<T>(f, dim, lo, hi, best, b, limit, seed, keep_best);
    passed += g < limit || (limit == 0.0 && g == 0.0);
    worst = std::max(worst, g);
  }
  INFO(std::string(name), ": ", passed, " of ", seeds, " seeds within ", limit, ", worst ", worst);
  CHECK(double(passed) >= share * seeds);
}

double shifted_sphere(point x) {
  double sum = 0.0;
  for (std::size_t i = 0; i < x.size(); ++i) {
    double const d = x[i] - (1.5 - 0.3 * double(i));
    sum += d * d;
  }
  return sum;
}
double sum_of_squares(point x) {
  double sum = 0.0;
  for (std::size_t i = 0; i < x.size(); ++i) {
    sum += double(i + 1) * x[i] * x[i];
  }
  return sum;
}
double ellipsoid(point x) {
  double sum = 0.0;
  for (std::size_t i = 0; i < x.size(); ++i) {
    sum += std::pow(1e6, double(i) / double(x.size() - 1)) * x[i] * x[i];
  }
  return sum;
}
double different_powers(point x) {
  double sum = 0.0;
  for (std::size_t i = 0; i < x.size(); ++i) {
    sum += std::pow(std::abs(x[i]), 2.0 + 4.0 * double(i) / double(x.size() - 1));
  }
  return sum;
}
double ackley_at(point x, double shift) {
  double squares = 0.0;
  double cosines = 0.0;
  for (double const v : x) {
    squares += (v - shift) * (v - shift);
    cosines += std::cos(2.0 * pi * (v - shift));
  }
  double const n = double(x.size());
  return -20.0 * std::exp(-0.2 * std::sqrt(squares / n)) - std::exp(cosines / n) + 20.0 +
         std::numbers::e;
}
double levy(point x) {
  auto const w = [&](std::size_t i) { return 1.0 + (x[i] - 1.0) / 4.0; };
  auto const sq = [](double v) { return v * v; };
  std::size_t const last = x.size() - 1;
  double sum = sq(std::sin(pi * w(0))) +
               sq(w(last) - 1.0) * (1.0 + sq(std::sin(2.0 * pi * w(last))));
  for (std::size_t i = 0; i < last; ++i) {
    sum += sq(w(i) - 1.0) * (1.0 + 10.0 * sq(std::sin(pi * w(i) + 1.0)));
  }
  return sum;
}
double zakharov(point x) {
  double squares = 0.0;
  double linear = 0.0;
  for (std::size_t i = 0; i < x.size(); ++i) {
    squares += x[i] * x[i];
    linear += 0.5 * double(i + 1) * x[i];
  }
  return squares + std::pow(linear, 2) + std::pow(linear, 4);
}
double booth(point x) {
  return std::pow(x[0] + 2 * x[1] - 7, 2) + std::pow(2 * x[0] + x[1] - 5, 2);
}
double matyas(point x) { return 0.26 * (x[0] * x[0] + x[1] * x[1]) - 0.48 * x[0] * x[1]; }
double three_hump(point x) {
  double const a = x[0] * x[0];
  return 2 * a - 1.05 * a * a + a * a * a / 6 + x[0] * x[1] + x[1] * x[1];
}
double easom(point x) {
  return -std::cos(x[0]) * std::cos(x[1]) *
         std::exp(-std::pow(x[0] - pi, 2) - std::pow(x[1] - pi, 2));
}
double mccormick(point u) {  // on [-1.5, 4] x [-3, 4], from the unit square
  double const x = -1.5 + 5.5 * u[0];
  double const y = -3.0 + 7.0 * u[1];
  return std::sin(x + y) + std::pow(x - y, 2) - 1.5 * x + 2.5 * y + 1.0;
}
double beale(point x) {
  double const y = x[1];
  return std::pow(1.5 - x[0] + x[0] * y, 2) + std::pow(2.25 - x[0] + x[0] * y * y, 2) +
         std::pow(2.625 - x[0] + x[0] * y * y * y, 2);
}
double himmelblau(point x) {
  return std::pow(x[0] * x[0] + x[1] - 11, 2) + std::pow(x[0] + x[1] * x[1] - 7, 2);
}
double goldstein_price(point p) {
  double const x = p[0];
  double const y = p[1];
  return (1 + std::pow(x + y + 1, 2) *
                  (19 - 14 * x + 3 * x * x - 14 * y + 6 * x * y + 3 * y * y)) *
         (30 + std::pow(2 * x - 3 * y, 2) *
                   (18 - 32 * x + 12 * x * x + 48 * y - 36 * x * y + 27 * y * y));
}
double branin(point u) {  // on [-5, 10] x [0, 15], from the unit square
  double const x = -5.0 + 15.0 * u[0];
  double const y = 15.0 * u[1];
  double const s = y - 5.1 / (4 * pi * pi) * x * x + 5 / pi * x - 6;
  return s * s + 10 * (1 - 1 / (8 * pi)) * std::cos(x) + 10;
}
double rastrigin(point x) {
  double sum = 10.0 * double(x.size());
  for (double const v : x) {
    sum += v * v - 10.0 * std::cos(2.0 * pi * v);
  }
  return sum;
}
double rosenbrock(point x) {
  double sum = 0.0;
  for (std::size_t i = 0; i + 1 < x.size(); ++i) {
    sum += 100.0 * std::pow(x[i + 1] - x[i] * x[i], 2) + std::pow(1.0 - x[i], 2);
  }
  return sum;
}
double styblinski_tang(point x) {
  double sum = 0.0;
  for (double const v : x) {
    sum += 0.5 * (v * v * v * v - 16 * v * v + 5 * v);
  }
  return sum;
}
double griewank(point x) {
  double sum = 0.0;
  double product = 1.0;
  for (std::size_t i = 0; i < x.size(); ++i) {
    sum += x[i] * x[i] / 4000.0;
    product *= std::cos(x[i] / std::sqrt(double(i + 1)));
  }
  return sum - product + 1.0;
}
double face_quadratic(point x) {
  constexpr double at[] = {0, 1, .3, .7, 0, .5, 1, .2};
  double sum = 0.0;
  for (std::size_t i = 0; i < 8; ++i) {
    sum += std::pow(x[i] - at[i], 2);
  }
  return sum;
}
double to_one_hot(point x) {
  double sum = 0.0;
  for (std::size_t i = 0; i < x.size(); ++i) {
    sum += std::abs(x[i] - (i == 2 ? 1.0 : 0.0));
  }
  return sum;
}
double slope(point x) {
  double sum = 0.0;
  for (double const v : x) {
    sum += 1.0 - v;
  }
  return sum;
}

}  // namespace

TEST_CASE("cem gates: unimodal functions on every seed") {
  gate("sphere A", shifted_sphere, 10, -5.0, 5.0, 0.0, A, 1e-3);
  gate("sphere B", shifted_sphere, 10, -5.0, 5.0, 0.0, B, 1e-15);
  gate("sum of squares B", sum_of_squares, 20, -10.0, 10.0, 0.0, B, 1e-9);
  gate("sum of squares C", sum_of_squares, 20, -10.0, 10.0, 0.0, C, 1e-9);
  gate("ellipsoid C", ellipsoid, 10, -5.0, 5.0, 0.0, C, 1e-12);
  gate("ellipsoid B", ellipsoid, 10, -5.0, 5.0, 0.0, B, 1e-12, 0.90);
  gate("different powers A", different_powers, 10, -5.0, 5.0, 0.0, A, 1e-6, 0.85);
  gate("different powers B", different_powers, 10, -5.0, 5.0, 0.0, B, 1e-8);
  gate("zakharov C", zakharov, 10, -5.0, 10.0, 0.0, C, 1e-7);
}

TEST_CASE("cem gates: Ackley and Levy") {
  auto const centred = [](point x) { return ackley_at(x, 0.0); };
  auto const shifted = [](point x) { return ackley_at(x, 3.1); };
  gate("ackley 2 A", centred, 2, -5.0, 5.0, 0.0, A, 1e-6);
  gate("ackley 10 B", shifted, 10, -32.768, 32.768, 0.0, B, 1e-8);
  gate("ackley 10 C", shifted, 10, -32.768, 32.768, 0.0, C, 1e-7);
  gate("levy B", levy, 10, -10.0, 10.0, 0.0, B, 1e-14);
}

TEST_CASE("cem gates: functions of two variables") {
  gate("booth A", booth, 2, -10.0, 10.0, 0.0, A, 1e-9);
  gate("matyas A", matyas, 2, -10.0, 10.0, 0.0, A, 1e-9);
  gate("three-hump camel A", three_hump, 2, -5.0, 5.0, 0.0, A, 1e-9);
  gate("easom A", easom, 2, -10.0, 10.0, -1.0, A, 1e-9);
  gate("mccormick A", mccormick, 2, 0.0, 1.0, -1.9132229549810367, A, 1e-9);
}

TEST_CASE("cem gates: curved and multimodal functions by share of seeds") {
  struct { char const* name; double (*f)(point); double lo, hi, best; } const cases[] = {
      {"beale", beale, -4.5, 4.5, 0.0},
      {"himmelblau", himmelblau, -5.0, 5.0, 0.0},
      {"goldstein-price", goldstein_price, -2.0, 2.0, 3.0},
      {"branin", branin, 0.0, 1.0, 0.39788735772973816},
  };
  for (auto const& c : cases) {
    gate(c.name, c.f, 2, c.lo, c.hi, c.best, A, 1e-6, 0.95);
    gate(c.name, c.f, 2, c.lo, c.hi, c.best, B, 1e-9, 0.97);
    gate(c.name, c.f, 2, c.lo, c.hi, c.best, C, 1e-9);
  }
  gate("rastrigin A", rastrigin, 2, -5.12, 5.12, 0.0, A, 1e-6, 0.60);
  gate("rastrigin B", rastrigin, 2, -5.12, 5.12, 0.0, B, 1e-6, 0.95);
  gate("rastrigin C", rastrigin, 2, -5.12, 5.12, 0.0, C, 1e-6);
  gate("rosenbrock A", rosenbrock, 2, -2.048, 2.048, 0.0, A, 0.5);
  gate("rosenbrock C", rosenbrock, 2, -2.048, 2.048, 0.0, C, 1e-2);
}

TEST_CASE("cem gates: many local minima and documented limits in ten dimensions") {
  double const best = -391.6616570377142;
  // The limit was measured without an archive, and is met so on every seed. With the archive one of
  // the seeds 1 … 300 ends in the minimum next to the global one (14.1 above it), and it is among
  // these 40: there the share is gated, and no other seeds are chosen.
  gate("styblinski-tang C", styblinski_tang, 10, -5.0, 5.0, best, C, 1e-9, 1.0,
       svf::elitist::off);
  gate("styblinski-tang C, archive", styblinski_tang, 10, -5.0, 5.0, best, C, 1e-9, 0.975);
  gate("styblinski-tang B", styblinski_tang, 10, -5.0, 5.0, best, B, 1e-9, 0.5);
  gate("styblinski-tang B all", styblinski_tang, 10, -5.0, 5.0, best, B, 45.0);
  gate("rosenbrock 10 C", rosenbrock, 10, -2.048, 2.048, 0.0, C, 10.0);
  gate("rastrigin 10 C", rastrigin, 10, -5.12, 5.12, 0.0, C, 8.0);
  gate("griewank 10 B", griewank, 10, -600.0, 600.0, 0.0, B, 0.2);
}

TEST_CASE("cem gates: optima on faces and corners of the unit box") {
  gate("face A", face_quadratic, 8, 0.0, 1.0, 0.0, A, 1e-6);
  gate("face B", face_quadratic, 8, 0.0, 1.0, 0.0, B, 1e-20);
  gate("one-hot A", to_one_hot, 8, 0.0, 1.0, 0.0, A, 1e-5);
  gate("one-hot B", to_one_hot, 8, 0.0, 1.0, 0.0, B, 1e-15);
  gate("slope A", slope, 8, 0.0, 1.0, 0.0, A, 1e-4, 0.90);
  gate("slope B", slope, 8, 0.0, 1.0, 0.0, B, 0.0);
}

TEST_CASE("cem gates: float") {
  auto const widened = [](double (*f)(point)) {
    return [f](std::span<float const> x) {
      std::vector<double> const wide(x.begin(), x.end());
      return f(wide);
    };
  };
  gate<float>("sphere float B", widened(shifted_sphere), 10, -5.0f, 5.0f, 0.0, B, 1e-5);
  gate<float>("booth float A", widened(booth), 2, -10.0f, 10.0f, 0.0, A, 1e-5);
  gate<float>("one-hot float A", widened(to_one_hot), 8, 0.0f, 1.0f, 0.0, A, 1e-5);
}
