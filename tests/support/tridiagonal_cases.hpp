// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <numeric>
#include <string>
#include <utility>
#include <vector>

#include <doctest/doctest.h>
#include <svfmath/core/matrix.hpp>
#include <svfmath/core/random.hpp>
#include <svfmath/core/view.hpp>
#include <svfmath/cpu/policy.hpp>

#include "close.hpp"
#include "exactness.hpp"
#include "tridiagonal.hpp"

/// Symmetric tridiagonal matrices of every kind, and what is true of their eigenpairs.
namespace test {

/// tridiag(d, e) in long double; a test rounds it to its own type.
struct tridiagonal_case {
  std::string name;
  long_vector d;
  long_vector e;
};

inline tridiagonal_case zero_tridiagonal(std::string name, std::size_t n) {
  return {std::move(name), long_vector(n, 0.0L), long_vector(n - 1, 0.0L)};
}

/// Wilkinson's W+ of odd order: pairs of eigenvalues that agree to all digits.
inline tridiagonal_case wilkinson(std::size_t n) {
  auto result = zero_tridiagonal("Wilkinson", n);
  for (std::size_t i = 0; i < n; ++i) {
    result.d[i] = std::abs((long double)(i) - (long double)(n - 1) / 2.0L) / 16.0L;
  }
  std::fill(result.e.begin(), result.e.end(), 1.0L / 16.0L);
  return result;
}

/// `copies` of W21+ in a row, joined by `glue`: clusters of as many eigenvalues.
inline tridiagonal_case glued_wilkinson(std::size_t copies, long double glue) {
  auto const one = wilkinson(21);
  auto result = zero_tridiagonal("glued Wilkinson", 21 * copies);
  for (std::size_t i = 0; i < result.d.size(); ++i) {
    result.d[i] = one.d[i % 21];
    if (i + 1 < result.d.size()) {
      result.e[i] = i % 21 == 20 ? glue : one.e[i % 21];
    }
  }
  return result;
}

inline tridiagonal_case random_tridiagonal(std::size_t n, std::uint64_t seed,
                                           double zero_fraction) {
  auto result = zero_tridiagonal("random, seed " + std::to_string(seed), n);
  svf::random_stream const random(seed);
  for (std::size_t i = 0; i < n; ++i) {
    result.d[i] = random.uniform(4 * i) - 0.5;
    if (i + 1 < n && random.uniform(4 * i + 1) >= zero_fraction) {
      result.e[i] = random.uniform(4 * i + 2) - 0.5;
    }
  }
  return result;
}

/// Elements from 1 down to 10^−digits, or up to 1.
inline tridiagonal_case graded(std::size_t n, double digits, bool downwards) {
  auto result = zero_tridiagonal(downwards ? "graded down" : "graded up", n);
  for (std::size_t i = 0; i < n; ++i) {
    auto const at = [&](double place) {
      double const from_large = downwards ? place : double(n - 1) - place;
      return std::pow(10.0, -digits * from_large / double(std::max<std::size_t>(n - 1, 1)));
    };
    result.d[i] = at(double(i));
    if (i + 1 < n) {
      result.e[i] = 0.7 * at(double(i) + 0.5);
    }
  }
  return result;
}

inline std::vector<tridiagonal_case> tridiagonal_cases(std::size_t n, double digits,
                                                       double epsilon) {
  std::vector<tridiagonal_case> all;
  all.push_back(zero_tridiagonal("zero", n));
  all.push_back(zero_tridiagonal("identity", n));
  std::fill(all.back().d.begin(), all.back().d.end(), 1.0L);
  all.push_back(zero_tridiagonal("diagonal", n));
  for (std::size_t i = 0; i < n; ++i) {
    all.back().d[i] = (long double)((i * 7) % n) / (long double)(n);
  }
  all.push_back(zero_tridiagonal("second difference", n));
  std::fill(all.back().d.begin(), all.back().d.end(), 0.5L);
  std::fill(all.back().e.begin(), all.back().e.end(), -0.25L);
  all.push_back(zero_tridiagonal("no diagonal", n));
  std::fill(all.back().e.begin(), all.back().e.end(), 1.0L);
  all.push_back(zero_tridiagonal("identity and a rounding error beside it", n));
  std::fill(all.back().d.begin(), all.back().d.end(), 1.0L);
  std::fill(all.back().e.begin(), all.back().e.end(), 2.0L * (long double)(epsilon));
  all.push_back(zero_tridiagonal("repeated, far apart", n));
  for (std::size_t i = 0; i < n; ++i) {
    all.back().d[i] = i % 3 == 0 ? 1.0L : -1.0L;
    if (i + 1 < n) {
      all.back().e[i] = i % 5 == 0 ? 1e-3L : 0.0L;
    }
  }
  all.push_back(zero_tridiagonal("one large element", n));
  std::fill(all.back().d.begin(), all.back().d.end(), 1e-9L);
  std::fill(all.back().e.begin(), all.back().e.end(), 1e-10L);
  all.back().d[n / 2] = 1.0L;
  all.push_back(wilkinson(n));
  all.push_back(graded(n, digits, true));
  all.push_back(graded(n, digits, false));
  for (std::uint64_t seed = 0; seed < 3; ++seed) {
    all.push_back(random_tridiagonal(n, seed, 0.0));
    all.push_back(random_tridiagonal(n, 10 + seed, 0.3));
  }
  return all;
}

/// Every claim about the eigenpairs of one matrix, on both policies: solve(exec, d, e, X, order).
/// Vectors may be as far from orthogonal as `orthogonality_allowed`, where that is more than
/// rounding.
template <class T, class Solve>
void check_eigenpairs(tridiagonal_case const& input, Solve&& solve,
                      double orthogonality_allowed = 0.0) {
  CAPTURE(input.name);
  svf::index_t const n = svf::index_t(input.d.size());
  CAPTURE(n);
  std::vector<T> const d(input.d.begin(), input.d.end());
  std::vector<T> e(input.e.begin(), input.e.end());
  e.push_back(T(0));
  double norm = double(std::numeric_limits<T>::min());
  for (svf::index_t i = 0; i < n; ++i) {
    norm = std::max(
        {norm, std::abs(double(d[std::size_t(i)])), 2.0 * std::abs(double(e[std::size_t(i)]))});
  }
  double const allowed = 4.0 * double(n + 10) * double(std::numeric_limits<T>::epsilon());

  svf::cpu::seq seq;
  std::vector<T> values = d;
  std::vector<T> beside = e;
  std::vector<svf::index_t> order(d.size(), -1);
  svf::matrix<T> x(n, n);
  REQUIRE(solve(seq, values.data(), beside.data(), x.view(), order.data()));
  std::vector<svf::index_t> sorted = order;
  std::sort(sorted.begin(), sorted.end());
  std::vector<svf::index_t> all_rows(d.size());
  std::iota(all_rows.begin(), all_rows.end(), svf::index_t{0});
  REQUIRE(sorted == all_rows);

  auto const exact = eigenvalues_by_bisection(long_vector(d.begin(), d.end()),
                                                    long_vector(e.begin(), e.end() - 1));
  double worst = 0.0;
  for (std::size_t i = 0; i < d.size(); ++i) {
    double const value = double(values[std::size_t(order[i])]);
    worst = std::max(worst, std::abs(value - double(exact[i])));
    if (i > 0) {
      CHECK(values[std::size_t(order[i - 1])] <= value);
    }
  }
  CHECK(worst <= allowed * norm);
  CHECK(orthogonality<T>(svf::transposed(svf::as_const(x.view()))) <=
        std::max(allowed, orthogonality_allowed));
  double residual = 0.0;
  for (svf::index_t r = 0; r < n; ++r) {
    for (svf::index_t i = 0; i < n; ++i) {
      auto const at = std::size_t(i);
      double sum = (double(d[at]) - double(values[std::size_t(r)])) * double(x(r, i));
      sum += i > 0 ? double(e[at - 1]) * double(x(r, i - 1)) : 0.0;
      sum += i + 1 < n ? double(e[at]) * double(x(r, i + 1)) : 0.0;
      residual = std::isnan(sum) ? HUGE_VAL : std::max(residual, std::abs(sum));
    }
  }
  CHECK(residual <= allowed * norm);

  svf::cpu::par par(3);
  std::vector<T> par_values = d;
  beside = e;
  std::vector<svf::index_t> par_order(d.size(), -1);
  svf::matrix<T> par_x(n, n);
  REQUIRE(solve(par, par_values.data(), beside.data(), par_x.view(), par_order.data()));
  CHECK(par_values == values);
  CHECK(par_order == order);
  CHECK(max_difference(par_x, x) == 0.0);
}

}  // namespace test
