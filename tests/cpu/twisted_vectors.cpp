// SPDX-License-Identifier: Apache-2.0
#include <svfmath/cpu/detail/twisted_vectors.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <numeric>
#include <string>
#include <type_traits>
#include <vector>

#include <doctest/doctest.h>
#include <svfmath/core/matrix.hpp>
#include <svfmath/core/random.hpp>
#include <svfmath/core/view.hpp>
#include <svfmath/cpu/detail/tridiagonal_eigen.hpp>
#include <svfmath/cpu/policy.hpp>

#include "support/tridiagonal_cases.hpp"

namespace {

using svf::index_t;
using svf::cpu::detail::tridiagonal_eigen;

/// What the reduction makes of XᵀX for a Gaussian X (m×n), m about n, scaled to size 1: eigenvalues
/// that repel each other, the smallest about 1/(4n²) of the largest.
test::tridiagonal_case gaussian_gram(std::size_t n, std::uint64_t seed) {
  auto result = test::zero_tridiagonal("Gram matrix, seed " + std::to_string(seed), n);
  svf::random_stream const random(seed);
  long double above = 0.0L;
  for (std::size_t i = 0; i < n; ++i) {
    // The Cholesky factor has elements that are distributed as the lengths of Gaussian vectors.
    auto const length = [&](std::size_t size, std::uint64_t place) {
      return std::abs(std::sqrt((long double)(size)) + 0.7L * random.normal(place)) /
             std::sqrt((long double)(n));
    };
    long double const diagonal = length(n - i, 2 * i) + 0.01L;
    long double const beside = i + 1 < n ? length(n - 1 - i, 2 * i + 1) : 0.0L;
    result.d[i] = (diagonal * diagonal + above * above) / 4.0L;
    if (i + 1 < n) {
      result.e[i] = diagonal * beside / 4.0L;
    }
    above = beside;
  }
  return result;
}

/// Its eigenvalues to T's precision.
template <class T>
std::vector<T> exact_values(std::vector<T> const& d, std::vector<T> const& e) {
  auto const exact = test::eigenvalues_by_bisection(test::long_vector(d.begin(), d.end()),
                                                    test::long_vector(e.begin(), e.end()));
  return std::vector<T>(exact.begin(), exact.end());
}

/// False where the matrix is not positive definite, too.
template <class Exec, class T>
bool vectors_of(Exec& exec, std::vector<T> const& d, std::vector<T> const& e,
                std::vector<T>& lambda, svf::matrix_view<T> x, T orthogonality) {
  auto const ldl = svf::cpu::detail::factor_tridiagonal(d.data(), e.data(), x.rows);
  return ldl && svf::cpu::detail::twisted_vectors(exec, *ldl, lambda, x, orthogonality);
}

/// As a solver, with eigenvalues from bisection.
template <class T>
auto by_twists(T orthogonality) {
  return [orthogonality](auto& exec, T* d, T* e, svf::matrix_view<T> x, index_t* order) {
    std::vector<T> const diagonal(d, d + x.rows);
    std::vector<T> const beside(e, e + x.rows - 1);
    auto lambda = exact_values(diagonal, beside);
    bool const done = vectors_of(exec, diagonal, beside, lambda, x, orthogonality);
    std::copy(lambda.begin(), lambda.end(), d);
    std::iota(order, order + x.rows, index_t{0});
    return done;
  };
}

template <class T>
void round_to(test::tridiagonal_case const& input, std::vector<T>& d, std::vector<T>& e) {
  d.assign(input.d.begin(), input.d.end());
  e.assign(input.e.begin(), input.e.end());
}

template <class T>
bool is_refused(test::tridiagonal_case const& input, T orthogonality) {
  std::vector<T> d;
  std::vector<T> e;
  round_to(input, d, e);
  auto lambda = exact_values(d, e);
  svf::matrix<T> x(index_t(d.size()), index_t(d.size()));
  svf::cpu::seq exec;
  return !vectors_of(exec, d, e, lambda, x.view(), orthogonality);
}

}  // namespace

TEST_CASE("twisted_vectors: eigenpairs of Gram matrices, groups whole and not") {
  for (std::size_t const n : {1, 2, 3, 15, 16, 17, 31, 32, 33, 64, 97, 160}) {
    for (std::uint64_t seed = 0; seed < 4; ++seed) {
      test::check_eigenpairs<double>(gaussian_gram(n, 1000 * seed + n), by_twists(1e-8), 1e-8);
    }
  }
}

TEST_CASE("twisted_vectors: far better than what is asked for where eigenvalues are far apart") {
  auto input = test::zero_tridiagonal("second difference", 120);
  std::fill(input.d.begin(), input.d.end(), 0.5L);
  std::fill(input.e.begin(), input.e.end(), -0.25L);
  // The smallest distance is about π²/n² of 1 at the largest eigenvalue: 4e-4.
  test::check_eigenpairs<double>(input, by_twists(1e-8), 1e-11);
}

TEST_CASE("twisted_vectors: small eigenvalues come out to their own rounding error") {
  // A method that is as accurate as ε‖T‖ has an error of 1e-9 in the smallest, 1e-7.
  constexpr index_t n = 12;
  auto input = test::zero_tridiagonal("graded by powers of four", std::size_t(n));
  for (std::size_t i = 0; i < std::size_t(n); ++i) {
    input.d[i] = std::pow(0.25L, (long double)(i));
    if (i + 1 < std::size_t(n)) {
      input.e[i] = 0.25L * std::pow(0.25L, (long double)(i));
    }
  }
  std::vector<double> d;
  std::vector<double> e;
  round_to(input, d, e);
  auto const exact = exact_values(d, e);
  auto lambda = exact;
  for (std::size_t i = 0; i < std::size_t(n); ++i) {
    lambda[i] *= i % 2 == 0 ? 1.001 : 0.999;
  }
  svf::matrix<double> x(n, n);
  svf::cpu::seq exec;
  REQUIRE(vectors_of(exec, d, e, lambda, x.view(), 1e-12));
  for (std::size_t i = 0; i < std::size_t(n); ++i) {
    CAPTURE(i);
    CHECK(std::abs(lambda[i] - exact[i]) <= 1e-13 * exact[i]);
  }
  CHECK(test::orthogonality<double>(svf::transposed(svf::as_const(x.view()))) <= 1e-12);
}

TEST_CASE("twisted_vectors: refuses what it cannot do") {
  auto identity = test::zero_tridiagonal("identity", 40);
  std::fill(identity.d.begin(), identity.d.end(), 1.0L);
  CHECK(is_refused<double>(identity, 1e-8));
  CHECK(is_refused<double>(test::zero_tridiagonal("zero", 40), 1e-8));
  auto indefinite = gaussian_gram(40, 7);
  CHECK_FALSE(is_refused<double>(indefinite, 1e-8));
  indefinite.d[20] -= 3.0L;
  CHECK(is_refused<double>(indefinite, 1e-8));
  auto pairs = test::wilkinson(41);
  for (auto& value : pairs.d) {
    value += 1.0L;  // positive definite; the largest eigenvalues still agree to all digits
  }
  CHECK(is_refused<double>(pairs, 1e-8));
  auto not_a_number = gaussian_gram(40, 7);
  not_a_number.d[11] = std::numeric_limits<double>::quiet_NaN();
  std::vector<double> d;
  std::vector<double> e;
  round_to(gaussian_gram(40, 7), d, e);
  auto lambda = exact_values(d, e);
  round_to(not_a_number, d, e);
  svf::matrix<double> x(40, 40);
  svf::cpu::seq exec;
  CHECK_FALSE(vectors_of(exec, d, e, lambda, x.view(), 1e-8));
  round_to(gaussian_gram(40, 7), d, e);
  e[11] = std::numeric_limits<double>::quiet_NaN();
  CHECK_FALSE(vectors_of(exec, d, e, lambda, x.view(), 1e-8));
  for (double const value : {0.0, -1.0}) {
    auto single = test::zero_tridiagonal("single", 1);
    single.d[0] = value;
    CHECK(is_refused<double>(single, 1e-8));
  }
}

TEST_CASE("twisted_vectors: whatever eigenvalues it is given, no vector comes twice") {
  constexpr index_t n = 48;
  std::vector<double> d;
  std::vector<double> e;
  round_to(gaussian_gram(std::size_t(n), 3), d, e);
  auto const exact = exact_values(d, e);
  svf::cpu::seq exec;
  int accepted = 0;
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    CAPTURE(seed);
    svf::random_stream const random(seed);
    double const most = std::pow(10.0, -double(seed % 10));  // of the distance to the neighbours
    auto lambda = exact;
    for (std::size_t i = 0; i < std::size_t(n); ++i) {
      double const below = i == 0 ? exact[0] : exact[i] - exact[i - 1];
      lambda[i] += most * (random.uniform(i) - 0.5) * below;
    }
    std::sort(lambda.begin(), lambda.end());
    svf::matrix<double> x(n, n);
    if (vectors_of(exec, d, e, lambda, x.view(), 1e-8)) {
      ++accepted;
      CHECK(test::orthogonality<double>(svf::transposed(svf::as_const(x.view()))) <= 1e-8);
      for (std::size_t i = 0; i < std::size_t(n); ++i) {
        CHECK(std::abs(lambda[i] - exact[i]) <= 1e-13);
      }
    }
  }
  CHECK(accepted >= 100);
  CHECK(accepted < 200);
}

TEST_CASE("eigenvalue_gaps: to the nearer neighbour, relative to the eigenvalue's size") {
  using svf::cpu::detail::eigenvalue_gaps;
  CHECK(eigenvalue_gaps<double>({1.0}, 1e-8) == std::vector<double>{1.0});
  CHECK(eigenvalue_gaps<double>({1.0, 3.0, 4.0, 8.0}, 1e-8) ==
        std::vector<double>{2.0, 1.0, 1.0, 4.0});
  CHECK(eigenvalue_gaps<double>({1.0, 1.0 + 1e-6}, 1e-8).has_value());
  CHECK_FALSE(eigenvalue_gaps<double>({1.0, 1.0 + 1e-7}, 1e-8).has_value());
  CHECK(eigenvalue_gaps<double>({1.0, 1.0 + 1e-7}, 1e-7).has_value());
  CHECK(eigenvalue_gaps<double>({1e-7, 2e-7, 1.0}, 1e-8).has_value());
  CHECK_FALSE(eigenvalue_gaps<double>({2.0, 1.0}, 1e-8).has_value());
  CHECK_FALSE(
      eigenvalue_gaps<double>({1.0, std::numeric_limits<double>::quiet_NaN()}, 1e-8).has_value());
}

TEST_CASE("twisted_vectors: closer and closer eigenvalues") {
  svf::cpu::seq exec;
  int accepted = 0;
  int refused = 0;
  for (index_t n = 3; n <= 41; n += 2) {
    CAPTURE(n);
    auto pairs = test::wilkinson(std::size_t(n));
    for (auto& value : pairs.d) {
      value += 1.0L;
    }
    std::vector<double> d;
    std::vector<double> e;
    round_to(pairs, d, e);
    auto lambda = exact_values(d, e);
    svf::matrix<double> x(n, n);
    bool const done = vectors_of(exec, d, e, lambda, x.view(), 1e-8);
    ++(done ? accepted : refused);
    if (done) {
      CHECK(test::orthogonality<double>(svf::transposed(svf::as_const(x.view()))) <= 1e-8);
    }
  }
  CHECK(accepted >= 3);
  CHECK(refused >= 10);
}

TEST_CASE_TEMPLATE("tridiagonal_eigen: every kind of matrix, orthogonal enough", T, float, double) {
  double const digits = std::is_same_v<T, float> ? 30.0 : 300.0;
  T const enough = std::is_same_v<T, float> ? T(1e-3) : T(1e-8);
  auto const solve = [&](auto& exec, T* d, T* e, svf::matrix_view<T> x, index_t* order) {
    return tridiagonal_eigen(exec, d, e, x, order, enough);
  };
  for (std::size_t const n : {1, 2, 63, 64, 65, 130, 150}) {
    for (auto const& each :
         test::tridiagonal_cases(n, digits, double(std::numeric_limits<T>::epsilon()))) {
      test::check_eigenpairs<T>(each, solve, double(enough));
    }
    test::check_eigenpairs<T>(gaussian_gram(n, n), solve, double(enough));
  }
  for (long double const glue : {0.0L, 1e-14L, 1e-4L}) {
    test::check_eigenpairs<T>(test::glued_wilkinson(8, glue), solve, double(enough));
  }
}
