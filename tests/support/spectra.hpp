// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include <svfmath/core/matrix.hpp>

#include <support/random.hpp>

namespace test {

/// rows × cols with orthonormal columns, by Gram-Schmidt twice over.
inline svf::matrix<double> orthonormal(svf::index_t rows, svf::index_t cols, std::uint64_t seed) {
  auto qt = normal_matrix<double>(cols, rows, seed);
  for (svf::index_t j = 0; j < cols; ++j) {
    double* const q = qt.data() + j * rows;
    for (int pass = 0; pass < 2; ++pass) {
      for (svf::index_t k = 0; k < j; ++k) {
        double const* const other = qt.data() + k * rows;
        double dot = 0.0;
        for (svf::index_t i = 0; i < rows; ++i) {
          dot += q[i] * other[i];
        }
        for (svf::index_t i = 0; i < rows; ++i) {
          q[i] -= dot * other[i];
        }
      }
      double length = 0.0;
      for (svf::index_t i = 0; i < rows; ++i) {
        length += q[i] * q[i];
      }
      for (svf::index_t i = 0; i < rows; ++i) {
        q[i] /= std::sqrt(length);
      }
    }
  }
  svf::matrix<double> result(rows, cols);
  for (svf::index_t i = 0; i < rows; ++i) {
    for (svf::index_t j = 0; j < cols; ++j) {
      result(i, j) = qt(j, i);
    }
  }
  return result;
}

/// m×n with the singular values spectrum(i), i < min(m,n), rounded to float.
template <class Spectrum>
svf::matrix<float> with_spectrum(svf::index_t m, svf::index_t n, std::uint64_t seed,
                                 Spectrum&& spectrum) {
  svf::index_t const r = std::min(m, n);
  auto const u = orthonormal(m, r, seed);
  auto const v = orthonormal(n, r, seed + 1);
  svf::matrix<float> result(m, n);
  for (svf::index_t i = 0; i < m; ++i) {
    for (svf::index_t j = 0; j < n; ++j) {
      double sum = 0.0;
      for (svf::index_t k = 0; k < r; ++k) {
        sum += u(i, k) * spectrum(k) * v(j, k);
      }
      result(i, j) = float(sum);
    }
  }
  return result;
}

struct named_matrix {
  std::string name;
  svf::matrix<float> w;
};

/// The 17 kinds of input that break careless singular value decompositions.
inline std::vector<named_matrix> hard_matrices(svf::index_t m, svf::index_t n) {
  svf::index_t const r = std::min(m, n);
  auto const share = [r](svf::index_t i) {
    return double(i) / double(std::max<svf::index_t>(r - 1, 1));
  };
  auto const changed = [](svf::matrix<float> w, auto const& f) {
    for (svf::index_t i = 0; i < w.rows(); ++i) {
      for (svf::index_t j = 0; j < w.cols(); ++j) {
        w(i, j) = float(f(i, j, double(w(i, j))));
      }
    }
    return w;
  };
  auto const gaussian = normal_matrix<float>(m, n, 1);
  std::vector<named_matrix> all;
  all.push_back({"gaussian", gaussian});
  all.push_back({"orthogonal", with_spectrum(m, n, 2, [](auto) { return 1.0; })});
  all.push_back({"three clusters", with_spectrum(m, n, 4, [r](auto i) {
                   return i < r / 3 ? 1.0 : i < 2 * r / 3 ? 0.5 : 1e-3;
                 })});
  all.push_back({"graded to 1e-8",
                 with_spectrum(m, n, 6, [=](auto i) { return std::pow(1e-8, share(i)); })});
  all.push_back({"graded to 1e-12",
                 with_spectrum(m, n, 8, [=](auto i) { return std::pow(1e-12, share(i)); })});
  all.push_back({"columns graded to 1e-30", changed(gaussian, [n](auto, auto j, double x) {
                   return x * std::pow(10.0, -30.0 * double(j) / double(n));
                 })});
  all.push_back({"half rank",
                 with_spectrum(m, n, 10, [r](auto i) { return i < (r + 1) / 2 ? 1.0 : 0.0; })});
  all.push_back({"rank one", changed(gaussian, [](auto i, auto j, double) {
                   return std::sin(1.0 + double(i)) * std::cos(2.0 + double(j));
                 })});
  all.push_back({"rank one in integers", changed(gaussian, [](auto i, auto j, double) {
                   return double((i % 7 - 3) * (j % 5 - 2));
                 })});
  all.push_back({"equal columns", changed(gaussian, [&](auto i, auto j, double) {
                   return double(gaussian(i, j / 2));
                 })});
  all.push_back({"zero columns", changed(gaussian, [](auto, auto j, double x) {
                   return j % 3 == 0 ? 0.0 : x;
                 })});
  all.push_back({"one large, rest 5e-8",
                 with_spectrum(m, n, 12, [](auto i) { return i == 0 ? 1.0 : 5e-8; })});
  all.push_back({"one large, rest 1e-5",
                 with_spectrum(m, n, 14, [](auto i) { return i == 0 ? 1.0 : 1e-5; })});
  all.push_back({"half at 1e-6",
                 with_spectrum(m, n, 16, [r](auto i) { return i < r / 2 ? 1.0 : 1e-6; })});
  // σ_1 of a Gaussian grows like √m + √n: at 1e37 it would leave the range of float.
  all.push_back({"entries of 1e36",
                 changed(gaussian, [](auto, auto, double x) { return 1e36 * x; })});
  all.push_back({"denormal entries of 1e-40",
                 changed(gaussian, [](auto, auto, double x) { return 1e-40 * x; })});
  all.push_back({"zeros", svf::matrix<float>(m, n)});
  return all;
}

/// The singular values of W, descending, by one-sided Jacobi in long double.
template <class W>
std::vector<double> reference_singular_values(W const& w) {
  bool const wide = w.rows() < w.cols();
  std::size_t const n = std::size_t(wide ? w.rows() : w.cols());
  std::size_t const m = std::size_t(wide ? w.cols() : w.rows());
  std::vector<std::vector<long double>> a(n, std::vector<long double>(m));
  for (std::size_t j = 0; j < n; ++j) {
    for (std::size_t i = 0; i < m; ++i) {
      auto const row = svf::index_t(wide ? j : i);
      auto const col = svf::index_t(wide ? i : j);
      a[j][i] = static_cast<long double>(w(row, col));
    }
  }
  auto const dot = [&](std::size_t p, std::size_t q) {
    long double sum = 0.0L;
    for (std::size_t i = 0; i < m; ++i) {
      sum += a[p][i] * a[q][i];
    }
    return sum;
  };
  std::vector<long double> squares(n);
  for (std::size_t j = 0; j < n; ++j) {
    squares[j] = dot(j, j);
  }
  bool rotated = true;
  for (int sweep = 0; sweep < 60 && rotated; ++sweep) {
    rotated = false;
    for (std::size_t p = 0; p + 1 < n; ++p) {
      for (std::size_t q = p + 1; q < n; ++q) {
        long double const alpha = squares[p];
        long double const beta = squares[q];
        long double const gamma = dot(p, q);
        if (std::abs(gamma) <= 1e-15L * std::sqrt(alpha * beta) || gamma == 0.0L) {
          continue;
        }
        rotated = true;
        long double const zeta = (beta - alpha) / (2.0L * gamma);
        long double const t = (zeta >= 0.0L ? 1.0L : -1.0L) /
                              (std::abs(zeta) + std::sqrt(1.0L + zeta * zeta));
        long double const c = 1.0L / std::sqrt(1.0L + t * t);
        for (std::size_t i = 0; i < m; ++i) {
          long double const x = a[p][i];
          long double const y = a[q][i];
          a[p][i] = c * (x - t * y);
          a[q][i] = c * (y + t * x);
        }
        squares[p] = dot(p, p);
        squares[q] = dot(q, q);
      }
    }
  }
  std::vector<double> result;
  for (std::size_t j = 0; j < n; ++j) {
    result.push_back(double(std::sqrt(squares[j])));
  }
  std::sort(result.rbegin(), result.rend());
  return result;
}

}  // namespace test
