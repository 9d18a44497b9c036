// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include <svfmath/factor/svd_factors.hpp>

#include <support/random.hpp>

namespace test {

/// Factors of m×n with arbitrary U, V (not orthonormal: the formulas of apply/ must not rely on
/// it) and positive, descending σ.
template <class T>
svf::svd_factors<T> arbitrary_factors(svf::index_t m, svf::index_t n, std::uint64_t seed) {
  svf::index_t const r = m < n ? m : n;
  svf::svd_factors<T> factors;
  factors.u = normal_matrix<T>(m, r, seed);
  factors.vt = normal_matrix<T>(r, n, seed + 1);
  factors.s = svf::vector<T>(r);
  for (svf::index_t i = 0; i < r; ++i) {
    factors.s[i] = T(2.0 * double(r - i) / double(r));
  }
  return factors;
}

/// Σ_i U(a,i) σ'_i Vᵀ(i,b) in double, by loops.
template <class T, class Sigma>
svf::matrix<double> naive_product(svf::svd_factors<T> const& factors, Sigma const& sigma) {
  svf::matrix<double> result(factors.rows(), factors.cols());
  for (svf::index_t a = 0; a < factors.rows(); ++a) {
    for (svf::index_t b = 0; b < factors.cols(); ++b) {
      for (svf::index_t i = 0; i < factors.rank(); ++i) {
        result(a, b) += double(factors.u(a, i)) * double(sigma[std::size_t(i)]) *
                        double(factors.vt(i, b));
      }
    }
  }
  return result;
}

/// c·σ∘z in double.
template <class T, class Z>
std::vector<double> naive_spectrum(svf::svd_factors<T> const& factors, Z const& z, bool nuclear) {
  std::vector<double> result(std::size_t(factors.rank()));
  double kept = 0.0;
  double scaled = 0.0;
  for (std::size_t i = 0; i < result.size(); ++i) {
    double const s = double(factors.s[svf::index_t(i)]);
    result[i] = s * double(z[i]);
    kept += s;
    scaled += result[i];
  }
  for (double& value : result) {
    value *= nuclear ? kept / scaled : 1.0;
  }
  return result;
}

}  // namespace test
