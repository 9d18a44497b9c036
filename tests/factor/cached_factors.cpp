// SPDX-License-Identifier: Apache-2.0
#include <svfmath/factor/cached_factors.hpp>

#include <algorithm>
#include <cmath>
#include <utility>

#include <doctest/doctest.h>
#include <svfmath/factor/factorize.hpp>

#include <support/cached_factors.hpp>

namespace {

// ‖U diag(σ) Vᵀ − W‖_F / ‖W‖_F by loops in double.
double naive_reconstruction_error(svf::matrix<float> const& w, svf::svd_factors<float> const& f) {
  double error = 0.0;
  double length = 0.0;
  for (svf::index_t i = 0; i < w.rows(); ++i) {
    for (svf::index_t j = 0; j < w.cols(); ++j) {
      double sum = -double(w(i, j));
      for (svf::index_t k = 0; k < f.rank(); ++k) {
        sum += double(f.u(i, k)) * double(f.s[k]) * double(f.vt(k, j));
      }
      error += sum * sum;
      length += double(w(i, j)) * double(w(i, j));
    }
  }
  return std::sqrt(error / length);
}

}  // namespace

TEST_CASE("cached_factors: what rounding costs is measured on the factors that are kept") {
  svf::cpu::par exec(2);
  for (auto const& shape : {std::pair<svf::index_t, svf::index_t>{40, 24}, {24, 40}, {1, 7}}) {
    svf::index_t const m = shape.first;
    svf::index_t const n = shape.second;
    CAPTURE(m);
    CAPTURE(n);
    auto const w = test::normal_matrix<float>(m, n, 8);
    auto const exact = svf::factorize(exec, w);
    auto const measured = svf::measure_accuracy(exec, w, exact);
    for (auto const precision : test::all_precisions) {
      CAPTURE(svf::to_string(precision));
      auto const kept = svf::factors_to_keep(exec, w, exact, precision);
      CHECK(kept.digest == svf::content_digest_of(w));
      CHECK(test::same_factors(kept.factors, svf::rounded_factors(exec, exact, precision)));
      CHECK(kept.unrounded.reconstruction == measured.reconstruction);
      CHECK(kept.unrounded.orthogonality == measured.orthogonality);
      CHECK(kept.unrounded.reconstruction <= 1e-6);
      double const naive = naive_reconstruction_error(w, kept.factors);
      // Both sum in double; mn terms of at most some units each.
      CHECK(kept.accuracy.reconstruction == doctest::Approx(naive).epsilon(1e-6));
      if (precision == svf::storage_precision::fp32) {
        CHECK(kept.accuracy.reconstruction == measured.reconstruction);
        CHECK(kept.accuracy.orthogonality == measured.orthogonality);
      } else if (m > 1) {
        // Two roundings by up to half a unit of 8 or 11 bits, so errors of at most that size twice.
        double const unit = precision == svf::storage_precision::bf16 ? 0x1p-8 : 0x1p-11;
        CHECK(kept.accuracy.reconstruction <= unit);
        CHECK(kept.accuracy.reconstruction >= unit / 16.0);
        CHECK(kept.accuracy.orthogonality <= 2.0 * unit);
        CHECK(kept.accuracy.orthogonality >= unit / 64.0);
      }
    }
  }
}
