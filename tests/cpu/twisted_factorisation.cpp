// SPDX-License-Identifier: Apache-2.0
#include <svfmath/cpu/detail/twisted_factorisation.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <vector>

#include <doctest/doctest.h>
#include <svfmath/core/random.hpp>
#include <svfmath/core/view.hpp>

namespace {

using svf::index_t;

/// Diagonally dominant, so positive definite.
template <class T>
void set_tridiagonal(std::size_t n, std::uint64_t seed, std::vector<T>& d, std::vector<T>& e) {
  svf::random_stream const random(seed);
  d.clear();
  e.clear();
  for (std::size_t i = 0; i < n; ++i) {
    d.push_back(T(1.1 + random.uniform(2 * i)));
    if (i + 1 < n) {
      e.push_back(T(random.uniform(2 * i + 1) - 0.5));
    }
  }
}

}  // namespace

TEST_CASE_TEMPLATE("factor_tridiagonal: L D Lᵀ is the matrix", T, float, double) {
  for (std::size_t const n : {1, 2, 3, 40}) {
    CAPTURE(n);
    std::vector<T> d;
    std::vector<T> e;
    set_tridiagonal(n, n, d, e);
    auto const ldl = svf::cpu::detail::factor_tridiagonal(d.data(), e.data(), index_t(n));
    REQUIRE(ldl.has_value());
    double const allowed = 4.0 * double(std::numeric_limits<T>::epsilon()) * 3.0;
    for (std::size_t i = 0; i < n; ++i) {
      double const above =
          i == 0 ? 0.0 : double(ldl->d[i - 1]) * double(ldl->l[i - 1]) * double(ldl->l[i - 1]);
      CHECK(std::abs(double(ldl->d[i]) + above - double(d[i])) <= allowed);
      if (i + 1 < n) {
        CHECK(std::abs(double(ldl->d[i]) * double(ldl->l[i]) - double(e[i])) <= allowed);
        CHECK(std::abs(double(ldl->dl[i]) - double(e[i])) <= allowed);
        CHECK(std::abs(double(ldl->dll[i]) - double(ldl->l[i]) * double(e[i])) <= allowed);
      }
    }
  }
}

TEST_CASE_TEMPLATE("twisted_group: (T − λI) z = γ_r e_r with z_r = 1, for every λ", T, float,
                   double) {
  using group = svf::cpu::detail::twisted_group<T>;
  for (std::size_t const n : {1, 2, 3, 40}) {
    CAPTURE(n);
    std::vector<T> d;
    std::vector<T> e;
    set_tridiagonal(n, 100 + n, d, e);
    auto const ldl = svf::cpu::detail::factor_tridiagonal(d.data(), e.data(), index_t(n));
    REQUIRE(ldl.has_value());
    std::vector<T> memory(std::size_t(group::memory(index_t(n))));
    group work(*ldl, memory.data());
    typename group::values lambda;
    for (std::size_t k = 0; k < lambda.size(); ++k) {
      lambda[k] = T(0.07 + 3.0 * double(k) / double(lambda.size()));
    }
    work.factor(lambda);
    for (std::size_t k = 0; k < lambda.size(); ++k) {
      CAPTURE(k);
      auto const z = [&](std::size_t i) { return double(work.z(index_t(i))[k]); };
      double const gamma = double(work.gamma()[k]);
      double square = 0.0;
      double largest = 1.0;
      for (std::size_t i = 0; i < n; ++i) {
        square += z(i) * z(i);
        largest = std::max(largest, std::abs(z(i)));
      }
      double const epsilon = double(std::numeric_limits<T>::epsilon());
      CHECK(std::abs(double(work.square()[k]) - square) <= double(n) * epsilon * square);
      double const allowed = 32.0 * double(n) * epsilon * largest * 4.0;  // ‖T − λI‖ < 4
      int twists = 0;
      for (std::size_t i = 0; i < n; ++i) {
        double element = (double(d[i]) - double(lambda[k])) * z(i);
        element += i > 0 ? double(e[i - 1]) * z(i - 1) : 0.0;
        element += i + 1 < n ? double(e[i]) * z(i + 1) : 0.0;
        bool const at_twist = z(i) == 1.0 && std::abs(element - gamma) <= allowed;
        twists += at_twist ? 1 : 0;
        CHECK((at_twist || std::abs(element) <= allowed));
      }
      CHECK(twists >= 1);
    }
  }
}
