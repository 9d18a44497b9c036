// SPDX-License-Identifier: Apache-2.0
#include <svfmath/cpu/lapack.hpp>

#include <algorithm>
#include <atomic>
#include <cmath>
#include <limits>
#include <memory>
#include <string>
#include <thread>
#include <type_traits>
#include <vector>

#include <doctest/doctest.h>

#include "support/close.hpp"
#include "support/lapack_policies.hpp"
#include "support/random.hpp"

#include "shared/solver.hpp"

namespace {

using lapack_seq = svf::cpu::with_lapack<svf::cpu::seq>;
using lapack_par = svf::cpu::with_lapack<svf::cpu::par>;

}  // namespace

TEST_CASE("lapack: the same bits on any number of threads, and not our own solver's") {
  lapack_seq one;
  svf::cpu::seq own;
  for (svf::index_t const n : {1, 2, 60, 255, 256, 257, 600}) {
    CAPTURE(n);
    auto const a = symmetric_matrix<double>(n);
    svf::vector<double> values(n);
    svf::matrix<double> q(n, n);
    eigh(one, a.view(), values.view(), q.view());
    for (int const threads : {1, 2, 3}) {
      lapack_par several(threads);
      svf::vector<double> par_values(n);
      svf::matrix<double> par_q(n, n);
      eigh(several, a.view(), par_values.view(), par_q.view());
      CHECK(test::max_difference(values, par_values) == 0.0);
      CHECK(test::max_difference(q, par_q) == 0.0);
    }
    double const allowed = 10.0 * double(n + 10) * std::numeric_limits<double>::epsilon();
    CHECK(test::orthogonality<double>(q.view()) <= allowed);
    CHECK(test::residual<double>(q.view(), values.view(), svf::transposed(q.view()), a.view()) <=
          allowed);
    svf::vector<double> own_values(n);
    svf::matrix<double> own_q(n, n);
    eigh(own, a.view(), own_values.view(), own_q.view());
    double const largest = std::max(std::abs(values[0]), std::abs(values[n - 1]));
    CHECK(test::max_difference(values, own_values) <= allowed * largest);
    // Another program ran: two solvers agree in every bit of 60² and more vectors by no chance.
    CHECK((n < 60 || test::max_difference(q, own_q) > 0.0));
  }
}

TEST_CASE("lapack: what does not fit is refused as without LAPACK") {
  lapack_seq exec;
  svf::matrix<double> square(3, 3);
  svf::matrix<double> wide(3, 4);
  svf::vector<double> values(3);
  svf::vector<double> few(2);
  CHECK_THROWS_AS(eigh(exec, wide.view(), values.view(), square.view()), svf::error);
  CHECK_THROWS_AS(eigh(exec, square.view(), few.view(), square.view()), svf::error);
  CHECK_THROWS_AS(eigh(exec, square.view(), values.view(), wide.view()), svf::error);
  for (double const bad : {std::numeric_limits<double>::quiet_NaN(), HUGE_VAL}) {
    square(2, 1) = bad;
    try {
      eigh(exec, square.view(), values.view(), square.view());
      FAIL("no error");
    } catch (svf::error const& problem) {
      CHECK(problem.kind() == svf::error_kind::numeric);
      CHECK(std::string(problem.what()).find("(2,1)") != std::string::npos);
    }
  }
}

TEST_CASE("lapack: the library's number of threads is one during a call, and as before after it") {
  using namespace svf::cpu::detail;
  int const given = blas_threads();
  set_blas_threads(2);
  int const before = blas_threads();  // a library without threads, or another one, takes no notice
  int const during = given == 0 ? 0 : 1;
  {
    one_blas_thread const outer;
    CHECK(blas_threads() == during);
    std::atomic<int> wrong{0};
    std::vector<std::jthread> others;
    for (int i = 0; i < 4; ++i) {
      others.emplace_back([&] {
        for (int k = 0; k < 1000; ++k) {
          one_blas_thread const inner;
          wrong += blas_threads() == during ? 0 : 1;
        }
      });
    }
    others.clear();
    CHECK(wrong == 0);
    CHECK(blas_threads() == during);
  }
  CHECK(blas_threads() == before);
  // The first to come is not the last to go.
  auto first = std::make_unique<one_blas_thread>();
  auto second = std::make_unique<one_blas_thread>();
  first.reset();
  CHECK(blas_threads() == during);
  second.reset();
  CHECK(blas_threads() == before);

  lapack_par exec(2);
  auto const a = symmetric_matrix<double>(300);
  svf::vector<double> values(300);
  svf::matrix<double> q(300, 300);
  eigh(exec, a.view(), values.view(), q.view());
  CHECK(blas_threads() == before);
  set_blas_threads(given);
}

TEST_CASE("lapack: for_each_problem hands out policies with LAPACK, each index once") {
  lapack_par exec(2);
  for (svf::index_t const count : {0, 1, 2, 50}) {
    std::vector<int> calls(std::size_t(count), 0);
    for_each_problem(exec, count, [&](auto& local, svf::index_t i) {
      using local_policy = std::remove_reference_t<decltype(local)>;
      static_assert(std::is_same_v<local_policy, lapack_seq> ||
                    std::is_same_v<local_policy, lapack_par>);
      ++calls[std::size_t(i)];
    });
    for (int const each : calls) {
      CHECK(each == 1);
    }
  }
}
