// SPDX-License-Identifier: Apache-2.0
#include <support/cuda_policies.cuh>

#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <type_traits>
#include <vector>

#include <doctest/doctest.h>
#include <svfmath/apply/factored.hpp>
#include <svfmath/apply/gradient.hpp>
#include <svfmath/apply/materialize.hpp>
#include <svfmath/apply/mixed.hpp>
#include <svfmath/core/half.hpp>
#include <svfmath/core/transfer.hpp>
#include <svfmath/factor/factorize.hpp>

#include <support/exactness.hpp>
#include <support/factors.hpp>
#include <support/random.hpp>

namespace {

using svf::index_t;

// The errors that the docstrings allow: a few roundings of half an ulp, about 2e-3 and 3e-4.
template <class H>
constexpr double allowed = std::is_same_v<H, svf::bfloat16> ? 5e-3 : 6e-4;

// Factors with orthonormal U and V, and everything else that the verbs take.
struct problem {
  svf::svd_factors<float> factors;
  std::vector<float> z;
  svf::matrix<float> x;
  svf::matrix<float> delta;
};

template <class Exec>
problem make_problem(Exec& exec, index_t m, index_t n, index_t rows) {
  auto const w = svf::matrix_on(exec, test::normal_matrix<float>(m, n, 3));
  problem p{svf::host_factors(exec, svf::factorize(exec, w)), {}, {}, {}};
  p.z = test::uniform_vector<float>(std::size_t(p.factors.rank()), 0.5f, 1.5f, 4);
  p.x = test::normal_matrix<float>(rows, n, 5);
  p.delta = test::normal_matrix<float>(rows, m, 6);
  return p;
}

template <class H, class Exec, class X>
auto rounded_on(Exec& exec, X const& x) {
  auto const there = svf::matrix_on(exec, x);
  auto result = svf::make_matrix<H>(exec, there.rows(), there.cols());
  copy(exec, there.view(), result.view());
  return result;
}

// ‖a − b‖ / ‖b‖ of all elements, a on the device.
template <class A>
double relative_error(svf::cuda::stream_policy& exec, A const& a, std::vector<double> const& b) {
  auto const here = svf::host_matrix(exec, a);
  REQUIRE(std::size_t(here.size()) == b.size());
  double difference = 0.0;
  double norm = 0.0;
  for (std::size_t i = 0; i < b.size(); ++i) {
    difference += std::pow(double(here.data()[i]) - b[i], 2);
    norm += b[i] * b[i];
  }
  return std::sqrt(difference / norm);
}

}  // namespace

TEST_CASE_TEMPLATE("half: W', y and dL/dz from 16-bit factors are as near as 16 bits allow", H,
                   svf::bfloat16, svf::float16) {
  svf::cuda::stream_policy exec;
  for (auto const& [m, n, rows] :
       {std::array<index_t, 3>{96, 64, 17}, {64, 96, 5}, {70, 70, 300}}) {
    CAPTURE(m);
    auto const p = make_problem(exec, m, n, rows);
    auto const factors = svf::factors_as<H>(exec, svf::factors_on(exec, p.factors));
    auto const z = svf::vector_on(exec, p.z);
    auto const w = test::naive_product(p.factors, test::naive_spectrum(p.factors, p.z, false));
    std::vector<double> const w_all(w.data(), w.data() + w.size());
    CHECK(relative_error(exec, svf::materialize(exec, factors, z), w_all) <= allowed<H>);

    auto const x = rounded_on<H>(exec, p.x);
    auto y = svf::make_matrix<float>(exec, rows, m);
    svf::apply_factored(exec, factors, z, x, y);
    std::vector<double> expected;
    for (index_t t = 0; t < rows; ++t) {
      for (index_t a = 0; a < m; ++a) {
        double sum = 0.0;
        for (index_t b = 0; b < n; ++b) {
          sum += w(a, b) * double(p.x(t, b));
        }
        expected.push_back(sum);
      }
    }
    CHECK(relative_error(exec, y, expected) <= allowed<H>);
    auto y_rounded = svf::make_matrix<H>(exec, rows, m);
    svf::apply_factored(exec, factors, z, x, y_rounded);
    CHECK(relative_error(exec, y_rounded, expected) <= allowed<H>);

    auto const delta = rounded_on<H>(exec, p.delta);
    std::vector<double> dz_expected;
    for (index_t i = 0; i < p.factors.rank(); ++i) {
      double sum = 0.0;
      for (index_t t = 0; t < rows; ++t) {
        double left = 0.0;
        double right = 0.0;
        for (index_t a = 0; a < m; ++a) {
          left += double(p.factors.u(a, i)) * double(p.delta(t, a));
        }
        for (index_t b = 0; b < n; ++b) {
          right += double(p.factors.vt(i, b)) * double(p.x(t, b));
        }
        sum += left * right;
      }
      dz_expected.push_back(double(p.factors.s[i]) * sum);
    }
    auto dz = svf::make_matrix<float>(exec, 1, p.factors.rank());
    auto const row = svf::vector_view<float, svf::device_space>(dz.data(), dz.size());
    svf::gradient_from_factors(exec, factors, z, x, delta, row);
    CHECK(relative_error(exec, dz, dz_expected) <= allowed<H>);
    svf::gradient(exec, factors, z, x, delta, row);  // by dW for 300 rows
    CHECK(relative_error(exec, dz, dz_expected) <= allowed<H>);
  }
}

TEST_CASE_TEMPLATE("half: rows of a mixed batch have the bits of apply_factored", H, svf::bfloat16,
                   svf::float16) {
  svf::cuda::stream_policy exec;
  // Ranks that whole packs fit and do not fit; one row and several for each thread of a kernel.
  for (auto const& [m, n, rows] :
       {std::array<index_t, 3>{96, 64, 17}, {70, 90, 40}, {61, 70, 9}, {64, 96, 1000}}) {
    CAPTURE(m);
    auto const p = make_problem(exec, m, n, rows);
    auto const factors = svf::factors_as<H>(exec, svf::factors_on(exec, p.factors));
    auto const x = rounded_on<H>(exec, p.x);
    constexpr index_t experts = 3;
    index_t const r = p.factors.rank();
    auto const z = test::uniform_vector<float>(std::size_t(experts * r), 0.5f, 1.5f, 8);
    auto const z_there =
        svf::matrix_on(exec, svf::matrix_view<float const>(z.data(), experts, r));
    svf::expert_spectra const spectra(exec, factors, z_there);
    std::vector<int> expert_of_row;
    for (index_t t = 0; t < rows; ++t) {
      expert_of_row.push_back(int((t * t + t / 2) % experts));
    }
    svf::row_selection const selection(exec, experts, expert_of_row);
    auto const check = [&](auto y_there, auto alone_there) {
      svf::apply_mixed(exec, factors, spectra, selection, x, y_there);
      auto const y = svf::host_matrix(exec, y_there);
      for (index_t k = 0; k < experts; ++k) {
        svf::apply_factored(exec, factors, z_there.view().row(k), x, alone_there);
        auto const alone = svf::host_matrix(exec, alone_there);
        bool equal = true;
        for (index_t t = 0; t < rows; ++t) {
          for (index_t a = 0; a < m; ++a) {
            equal = equal && (expert_of_row[std::size_t(t)] != k ||
                              float(y(t, a)) == float(alone(t, a)));
          }
        }
        CHECK(equal);
      }
    };
    check(svf::make_matrix<H>(exec, rows, m), svf::make_matrix<H>(exec, rows, m));
    check(svf::make_matrix<float>(exec, rows, m), svf::make_matrix<float>(exec, rows, m));
  }
}

TEST_CASE_TEMPLATE("half: products sum in float and round once", H, svf::bfloat16, svf::float16) {
  svf::cuda::stream_policy exec;
  // 4096 ones and one 2⁻⁸ in each sum: a sum kept in 16 bits would stop growing long before.
  svf::matrix<float> a(3, 4097);
  svf::matrix<float> b(4097, 2);
  for (index_t k = 0; k < 4097; ++k) {
    for (index_t i = 0; i < 3; ++i) {
      a(i, k) = 1.0f;
    }
    b(k, 0) = b(k, 1) = k == 4096 ? 0x1p-8f : 1.0f;
  }
  auto const a_there = rounded_on<H>(exec, a);
  auto const b_there = rounded_on<H>(exec, b);
  auto c = svf::make_matrix<float>(exec, 3, 2);
  gemm(exec, 1.0f, a_there.view(), b_there.view(), 0.0f, c.view());
  auto c_rounded = svf::make_matrix<H>(exec, 3, 2);
  gemm(exec, 0.5f, a_there.view(), b_there.view(), 0.0f, c_rounded.view());
  auto const sums = svf::host_matrix(exec, c);
  auto const halves = svf::host_matrix(exec, c_rounded);
  for (index_t i = 0; i < 6; ++i) {
    CHECK(sums.data()[i] == 4096.00390625f);
    CHECK(halves.data()[i] == H(2048.001953125f));
  }
  // k = 0 leaves β C.
  gemm(exec, 1.0f, a_there.view().cols_range(0, 0), b_there.view().rows_range(0, 0), 0.5f,
       c_rounded.view());
  CHECK(svf::host_matrix(exec, c_rounded)(0, 0) == 1024.0f);
}

TEST_CASE_TEMPLATE("half: 16-bit weights on the device get factors in float", H, svf::bfloat16,
                   svf::float16) {
  svf::cuda::stream_policy exec;
  auto const w = rounded_on<H>(exec, test::normal_matrix<float>(50, 80, 9));
  auto widened = svf::make_matrix<float>(exec, 50, 80);
  copy(exec, w.view(), widened.view());
  auto const f = svf::host_factors(exec, svf::factorize(exec, w));
  CHECK(test::reconstruction<float>(f, svf::host_matrix(exec, widened).view()) <= 1e-6);
  CHECK(test::orthogonality(f) <= 1e-6);
}
