// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include <svfmath/expert/algebra.hpp>
#include <svfmath/expert/geometry.hpp>

#include <support/close.hpp>
#include <support/experts.hpp>
#include <support/random.hpp>

namespace {

using dense = svf::matrix<double>;

// Orthonormal columns (rows × cols, rows >= cols) by Gram-Schmidt, twice.
dense orthonormal(svf::index_t rows, svf::index_t cols, std::uint64_t seed) {
  dense q = test::normal_matrix<double>(rows, cols, seed);
  for (int pass = 0; pass < 2; ++pass) {
    for (svf::index_t j = 0; j < cols; ++j) {
      for (svf::index_t k = 0; k < j; ++k) {
        double dot = 0.0;
        for (svf::index_t i = 0; i < rows; ++i) {
          dot += q(i, j) * q(i, k);
        }
        for (svf::index_t i = 0; i < rows; ++i) {
          q(i, j) -= dot * q(i, k);
        }
      }
      double norm = 0.0;
      for (svf::index_t i = 0; i < rows; ++i) {
        norm += q(i, j) * q(i, j);
      }
      for (svf::index_t i = 0; i < rows; ++i) {
        q(i, j) /= std::sqrt(norm);
      }
    }
  }
  return q;
}

// All weights of a model in one long vector, with its own U and V on every site.
std::vector<double> all_weights(svf::expert const& e, std::span<float const> sigma) {
  std::vector<double> result;
  for (svf::index_t s = 0; s < e.layout().count(); ++s) {
    svf::site const& site = e.layout()[s];
    auto const u = orthonormal(site.rows, site.rank(), std::uint64_t(2 * s));
    auto const v = orthonormal(site.cols, site.rank(), std::uint64_t(2 * s + 1));
    for (svf::index_t i = 0; i < site.rows; ++i) {
      for (svf::index_t j = 0; j < site.cols; ++j) {
        double w = 0.0;
        for (svf::index_t k = 0; k < site.rank(); ++k) {
          w += u(i, k) * double(sigma[std::size_t(site.offset + k)]) *
               double(e.site(s)[std::size_t(k)]) * v(j, k);
        }
        result.push_back(w);
      }
    }
  }
  return result;
}

double dot(std::vector<double> const& a, std::vector<double> const& b) {
  double sum = 0.0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    sum += a[i] * b[i];
  }
  return sum;
}

std::vector<double> minus(std::vector<double> a, std::vector<double> const& b) {
  for (std::size_t i = 0; i < a.size(); ++i) {
    a[i] -= b[i];
  }
  return a;
}

}  // namespace

TEST_CASE("geometry: lengths and angles are those of the dense weights") {
  auto const layout = test::small_layout();
  auto const base = svf::expert::identity(layout);
  for (std::uint64_t seed = 1; seed <= 5; ++seed) {
    CAPTURE(seed);
    auto const sigma = test::uniform_vector<float>(10, 0.0f, 4.0f, seed);
    auto const a = test::random_expert(layout, "a", seed + 10, -1.0f, 2.0f);
    auto const b = test::random_expert(layout, "b", seed + 20, -1.0f, 2.0f);
    auto const w = all_weights(base, sigma);
    auto const wa = all_weights(a, sigma);
    auto const wb = all_weights(b, sigma);
    auto const da = minus(wa, w);
    auto const db = minus(wb, w);
    double const tolerance = 1e-12 * dot(wa, wa);
    CHECK(test::close(svf::weight_inner(sigma, a, b), dot(wa, wb), tolerance));
    CHECK(test::close(svf::change_inner(sigma, a, b), dot(da, db), tolerance));
    CHECK(test::close_relative(svf::weight_norm(sigma, a), std::sqrt(dot(wa, wa)), 1e-12));
    CHECK(test::close_relative(svf::change_norm(sigma, a), std::sqrt(dot(da, da)), 1e-12));
    auto const difference = minus(wa, wb);
    CHECK(test::close_relative(svf::weight_distance(sigma, a, b),
                               std::sqrt(dot(difference, difference)), 1e-12));
    CHECK(test::close(svf::weight_cosine(sigma, a, b),
                      dot(wa, wb) / std::sqrt(dot(wa, wa) * dot(wb, wb)), 1e-12));
    CHECK(test::close(svf::change_cosine(sigma, a, b),
                      dot(da, db) / std::sqrt(dot(da, da) * dot(db, db)), 1e-12));
  }
}

TEST_CASE("geometry: site distances add up to the distance of the whole") {
  auto const layout = test::small_layout();
  auto const sigma = test::uniform_vector<float>(10, 0.0f, 4.0f, 1);
  auto const a = test::random_expert(layout, "a", 2);
  auto const b = test::random_expert(layout, "b", 3);
  auto const parts = svf::site_distances(sigma, a, b);
  REQUIRE(parts.size() == 4);
  double const whole = svf::weight_distance(sigma, a, b);
  CHECK(test::close_relative(std::sqrt(dot(parts, parts)), whole, 1e-12));
  double largest = 0.0;
  for (std::size_t i = 0; i < 10; ++i) {
    largest = std::max(largest, std::abs(double(sigma[i]) * (double(a.values()[i]) -
                                                             double(b.values()[i]))));
  }
  CHECK(svf::spectral_distance(sigma, a, b) == largest);
  CHECK(svf::spectral_distance(sigma, a, a) == 0.0);
}

TEST_CASE("geometry: scaling a skill scales its change, and keeps its direction") {
  auto const layout = test::small_layout();
  auto const sigma = test::uniform_vector<float>(10, 0.5f, 4.0f, 1);
  auto const a = test::random_expert(layout, "a", 2);
  auto const half = svf::scale(a, -0.5);
  double const tolerance = 1e-6;  // z is rounded to float
  CHECK(test::close_relative(svf::change_norm(sigma, half), 0.5 * svf::change_norm(sigma, a),
                             tolerance));
  CHECK(test::close(svf::change_cosine(sigma, a, half), -1.0, tolerance));
}

TEST_CASE("geometry: the base has no direction, and sizes must fit") {
  auto const layout = test::small_layout();
  auto const sigma = test::uniform_vector<float>(10, 0.5f, 4.0f, 1);
  auto const a = test::random_expert(layout, "a", 2);
  auto const base = svf::expert::identity(layout);
  CHECK(svf::change_norm(sigma, base) == 0.0);
  try {
    svf::change_cosine(sigma, a, base);
    FAIL("accepted");
  } catch (svf::error const& e) {
    CHECK(e.kind() == svf::error_kind::numeric);
  }
  CHECK_THROWS_AS(svf::weight_norm(std::span<float const>(sigma).first(9), a), svf::error);
  auto const other = std::make_shared<svf::layout const>(
      std::vector<svf::site_spec>{{"x", 10, 10, {}, 0}});
  CHECK_THROWS_AS(svf::weight_distance(sigma, a, test::random_expert(other, "b", 1)), svf::error);
}
