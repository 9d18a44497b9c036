// SPDX-License-Identifier: Apache-2.0
#include <svfmath/cpu/detail/divide_and_conquer.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <type_traits>
#include <vector>

#include <doctest/doctest.h>
#include <svfmath/core/random.hpp>
#include <svfmath/cpu/detail/tridiagonal_eigen.hpp>

#include "support/tridiagonal_cases.hpp"

namespace {

using svf::index_t;

template <class T>
void check_divide_and_conquer(test::tridiagonal_case const& input) {
  using namespace svf::cpu::detail;
  test::check_eigenpairs<T>(
      input, [](auto& exec, T* d, T* e, svf::matrix_view<T> x, index_t* order) {
        index_t const n = x.rows;
        std::vector<T> values(d, d + n);
        std::vector<T> beside(e, e + n);
        std::vector<index_t> places(static_cast<std::size_t>(n), -1);
        bool const ended =
            divide_and_conquer_values(exec, values.data(), beside.data(), n, places.data());
        bool const result = divide_and_conquer(exec, d, e, x, order);
        CHECK(ended == result);
        CHECK(values == std::vector<T>(d, d + n));
        CHECK(places == std::vector<index_t>(order, order + n));
        return result;
      });
}

}  // namespace

TEST_CASE_TEMPLATE("divide_and_conquer: every kind of matrix, around the sizes of leaves", T, float,
                   double) {
  double const digits = std::is_same_v<T, float> ? 30.0 : 300.0;
  for (std::size_t const n : {1, 2, 3, 5, 31, 32, 33, 34, 63, 64, 65, 66, 97, 129, 150}) {
    for (auto const& each :
         test::tridiagonal_cases(n, digits, double(std::numeric_limits<T>::epsilon()))) {
      check_divide_and_conquer<T>(each);
    }
  }
}

TEST_CASE_TEMPLATE("divide_and_conquer: Wilkinson's matrices, glued by more and less", T, float,
                   double) {
  for (long double const glue : {0.0L, 1e-20L, 1e-14L, 1e-8L, 1e-4L, 0.1L}) {
    CAPTURE(double(glue));
    check_divide_and_conquer<T>(test::glued_wilkinson(2, glue));
    check_divide_and_conquer<T>(test::glued_wilkinson(8, glue));
  }
}

TEST_CASE("divide_and_conquer: random matrices of random sizes") {
  for (std::uint64_t seed = 100; seed < 160; ++seed) {
    auto const n = std::size_t(1 + svf::random_stream(seed).below(1000000, 180));
    check_divide_and_conquer<double>(test::random_tridiagonal(n, seed, seed % 2 == 0 ? 0.0 : 0.1));
  }
}

TEST_CASE("divide_and_conquer: parts of about equal size, a power of two of them") {
  for (index_t n = 1; n < 300; ++n) {
    CAPTURE(n);
    svf::cpu::detail::halvings const cut(n, 32);
    for (int level = 0; level <= cut.levels(); ++level) {
      index_t sum = 0;
      for (index_t part = 0; part < cut.parts(level); ++part) {
        CHECK(cut.begin(level, part) == sum);
        index_t const size = cut.size(level, part);
        CHECK(size >= 1);
        CHECK(size <= cut.largest(level));
        CHECK(size >= cut.largest(level) - 1);
        sum += size;
      }
      CHECK(sum == n);
    }
    CHECK(cut.parts(cut.levels()) == 1);
    CHECK(cut.largest(0) <= 32);
  }
}

TEST_CASE_TEMPLATE("tridiagonal QR steps: every kind of matrix", T, float, double) {
  double const digits = std::is_same_v<T, float> ? 30.0 : 300.0;
  for (std::size_t const n : {1, 2, 3, 21, 40}) {
    for (auto const& each :
         test::tridiagonal_cases(n, digits, double(std::numeric_limits<T>::epsilon()))) {
      test::check_eigenpairs<T>(
          each, [](auto& exec, T* d, T* e, svf::matrix_view<T> x, index_t* order) {
            return svf::cpu::detail::tridiagonal_eigen_by_qr(exec, d, e, x, order);
          });
    }
  }
}
