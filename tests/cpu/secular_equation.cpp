// SPDX-License-Identifier: Apache-2.0
#include <svfmath/cpu/detail/secular_equation.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <numeric>
#include <vector>

#include <doctest/doctest.h>
#include <svfmath/core/matrix.hpp>
#include <svfmath/core/random.hpp>

namespace {

using svf::index_t;

/// All roots of one equation whose poles are given in any order: each lies between its poles, ends
/// converged, and f there is what rounding of its k terms can bring,
/// |f| ≤ (k + 12) ε (1 + Σ_j |w_j / (d_j − λ)|).
template <class T>
void check_secular(std::vector<T> const& poles, std::vector<T> const& weights) {
  namespace detail = svf::cpu::detail;
  index_t const count = index_t(poles.size());
  index_t const size = detail::padded<T>(count);
  svf::vector<T> d(size);
  svf::vector<T> w(size);
  std::fill(d.begin(), d.end(), T(8));
  std::copy(poles.begin(), poles.end(), d.begin());
  std::copy(weights.begin(), weights.end(), w.begin());
  std::vector<index_t> ascending(poles.size());
  std::iota(ascending.begin(), ascending.end(), index_t{0});
  std::sort(ascending.begin(), ascending.end(), [&](index_t i, index_t j) { return d[i] < d[j]; });
  detail::secular_problem<T> const problem{count, d.data(), w.data(),
                                           std::accumulate(weights.begin(), weights.end(), T(0)),
                                           ascending.data()};
  svf::vector<T> delta(size);
  for (index_t i = 0; i < count; ++i) {
    CAPTURE(i);
    auto const root = detail::solve_secular(problem, i, delta.data());
    CHECK(root.converged);
    long double f = 1.0L;
    long double magnitude = 1.0L;
    for (index_t j = 0; j < count; ++j) {
      long double const term = (long double)(w[j]) / (long double)(delta[j]);
      f += term;
      magnitude += std::abs(term);
    }
    double const allowed = double(count + 12) * double(std::numeric_limits<T>::epsilon());
    CHECK(double(std::abs(f) / magnitude) <= allowed);
    for (index_t k = 0; k < count; ++k) {
      index_t const place = ascending[std::size_t(k)];
      CHECK((k <= i ? delta[place] < T(0) : delta[place] > T(0)));
    }
    CHECK(delta[root.origin] == -root.offset);
  }
}

}  // namespace

TEST_CASE_TEMPLATE("secular equation: roots between random poles", T, float, double) {
  for (std::uint64_t seed = 0; seed < 60; ++seed) {
    CAPTURE(seed);
    svf::random_stream const random(seed);
    std::size_t const count = 1 + random.below(0, 40);
    CAPTURE(count);
    std::vector<T> poles;
    std::vector<T> weights;
    for (std::size_t j = 0; j < count; ++j) {
      poles.push_back(T(random.uniform(10 * j + 1) - 0.5));
      // Weights from 1 down to what deflation leaves, (8 ε)².
      double const least = 16.0 * std::log10(double(std::numeric_limits<T>::epsilon())) / 8.0;
      weights.push_back(T(std::pow(10.0, least * random.uniform(10 * j + 2)) / double(count)));
    }
    std::sort(poles.begin(), poles.end());
    poles.erase(std::unique(poles.begin(), poles.end()), poles.end());
    weights.resize(poles.size());
    std::reverse(poles.begin(), poles.end() - std::ptrdiff_t(poles.size() / 2));
    check_secular(poles, weights);
  }
}

TEST_CASE_TEMPLATE("secular equation: poles as near as deflation leaves them", T, float, double) {
  T const epsilon = std::numeric_limits<T>::epsilon();
  for (T const gap : {T(16) * epsilon, T(1024) * epsilon, T(1e-3)}) {
    CAPTURE(gap);
    for (T const weight : {T(0.1), T(1e-4), T(64) * epsilon, T(64) * epsilon * epsilon}) {
      CAPTURE(weight);
      std::vector<T> poles;
      for (int j = 0; j < 20; ++j) {
        poles.push_back((j < 10 ? T(0) : T(0.5)) + T(j) * gap);
      }
      check_secular(poles, std::vector<T>(20, weight));
      std::vector<T> uneven(20, weight);
      for (std::size_t j = 0; j < 20; j += 3) {
        uneven[j] = T(0.1);
      }
      check_secular(poles, uneven);
    }
  }
}

TEST_CASE_TEMPLATE("secular equation: gaps and weights of all sizes next to each other", T, float,
                   double) {
  double const least = std::log10(double(std::numeric_limits<T>::epsilon()));
  for (std::uint64_t seed = 0; seed < 400; ++seed) {
    CAPTURE(seed);
    svf::random_stream const random(seed);
    std::vector<T> poles{T(0)};
    std::vector<T> weights;
    for (std::uint64_t j = 0; j < 12; ++j) {
      weights.push_back(T(0.1 * std::pow(10.0, least * random.uniform(2 * j))));
      // Deflation leaves gaps of 16 ε and more.
      double const gap = std::pow(10.0, (least + 1.3) * random.uniform(2 * j + 1) - 1.5);
      poles.push_back(std::max(poles.back() + T(gap), std::nextafter(poles.back(), T(2))));
    }
    poles.pop_back();
    check_secular(poles, weights);
  }
}
