// SPDX-License-Identifier: Apache-2.0
#include <svfmath/cpu/detail/tridiagonal_reduction.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <vector>

#include <doctest/doctest.h>
#include <svfmath/core/random.hpp>
#include <svfmath/cpu/detail/block_reflector.hpp>

#include "support/close.hpp"
#include "support/exactness.hpp"
#include "support/random.hpp"

namespace {

using svf::index_t;

template <class T>
struct reduced_matrix {
  std::vector<T> d;
  std::vector<T> e;
  svf::matrix<T> qt;  ///< Qᵀ of G = Q tridiag(d, e) Qᵀ
};

template <class T, class Exec>
reduced_matrix<T> reduce_on(Exec& exec, svf::matrix<T> const& g, index_t block) {
  namespace detail = svf::cpu::detail;
  index_t const n = g.rows();
  index_t const ld = detail::padded_stride<T>(n);
  svf::matrix<T> storage(n, ld);
  svf::matrix_view<T> const a(storage.data(), n, n, ld);
  reduced_matrix<T> result{std::vector<T>(std::size_t(n)), std::vector<T>(std::size_t(n)),
                           svf::matrix<T>(n, n)};
  for (index_t i = 0; i < n; ++i) {
    result.d[std::size_t(i)] = g(i, i);
    std::copy_n(g.data() + i * n, i, &a(i, 0));
    result.qt(i, i) = T(1);
  }
  std::vector<T> tau(std::size_t(n), T(0));
  detail::reduce_to_tridiagonal(exec, a, result.d.data(), result.e.data(), tau.data());
  detail::apply_reflectors(exec, a, tau.data(), result.qt.view(), block);
  return result;
}

/// Qᵀ G Q is tridiag(d, e) and Q orthogonal, with `block` reflectors applied at once; both policies
/// give the same bits.
template <class T>
void check_reduction(svf::matrix<T> const& g, index_t block) {
  index_t const n = g.rows();
  CAPTURE(n);
  CAPTURE(block);
  svf::cpu::seq seq;
  auto const [d, e, qt] = reduce_on(seq, g, block);
  double const allowed = 4.0 * double(n + 10) * double(std::numeric_limits<T>::epsilon());
  CHECK(test::orthogonality<T>(svf::transposed(qt.view())) <= allowed);
  double norm = 0.0;
  for (index_t i = 0; i < g.size(); ++i) {
    norm += double(g.data()[i]) * double(g.data()[i]);
  }
  norm = std::sqrt(norm);
  // Qᵀ G − tridiag(d, e) Qᵀ, row by row.
  double worst = 0.0;
  for (index_t i = 0; i < n; ++i) {
    for (index_t j = 0; j < n; ++j) {
      auto const at = std::size_t(i);
      double sum = -double(d[at]) * double(qt(i, j));
      sum -= i > 0 ? double(e[at - 1]) * double(qt(i - 1, j)) : 0.0;
      sum -= i + 1 < n ? double(e[at]) * double(qt(i + 1, j)) : 0.0;
      for (index_t k = 0; k < n; ++k) {
        sum += double(qt(i, k)) * double(g(k, j));
      }
      worst = std::isnan(sum) ? HUGE_VAL : std::max(worst, std::abs(sum));
    }
  }
  CHECK(worst <= allowed * norm);
  svf::cpu::par par(3);
  auto const other = reduce_on(par, g, block);
  CHECK(other.d == d);
  CHECK(other.e == e);
  CHECK(test::max_difference(other.qt, qt) == 0.0);
}

template <class T>
void check_reduction(svf::matrix<T> const& g) {
  check_reduction(g, svf::cpu::detail::reflectors_at_once(g.rows()));
  check_reduction(g, svf::cpu::detail::most_reflectors);
}

template <class T>
svf::matrix<T> symmetric_normals(index_t n, std::uint64_t seed) {
  auto g = test::normal_matrix<T>(n, n, seed);
  for (index_t i = 0; i < n; ++i) {
    for (index_t j = 0; j < i; ++j) {
      g(j, i) = g(i, j);
    }
  }
  return g;
}

}  // namespace

TEST_CASE_TEMPLATE("tridiagonal reduction: Qᵀ G Q, blocks whole and not", T, float, double) {
  for (index_t const n : {1, 2, 3, 4, 5, 31, 32, 33, 34, 64, 65, 66, 97, 130}) {
    check_reduction(symmetric_normals<T>(n, std::uint64_t(n)));
  }
}

TEST_CASE_TEMPLATE("tridiagonal reduction: zeros, reduced matrices, elements without squares", T,
                   float, double) {
  for (index_t const n : {3, 40, 70}) {
    svf::matrix<T> g(n, n);
    check_reduction(g);
    for (index_t i = 0; i < n; ++i) {
      g(i, i) = T(i % 7) / T(7);
    }
    check_reduction(g);
    for (index_t i = 0; i + 1 < n; ++i) {
      g(i, i + 1) = g(i + 1, i) = T(0.5);
    }
    check_reduction(g);
    // Rows that shrink until the squares of their elements are denormal, then 0.
    auto graded = symmetric_normals<T>(n, 5);
    double const digits = std::is_same_v<T, float> ? 36.0 : 306.0;
    for (index_t i = 0; i < n; ++i) {
      for (index_t j = 0; j < n; ++j) {
        double const factor = std::pow(10.0, -digits * double(i + j) / double(2 * n - 2));
        graded(i, j) = T(double(graded(i, j)) * factor);
      }
    }
    check_reduction(graded);
    svf::matrix<T> reversed(n, n);
    for (index_t i = 0; i < n; ++i) {
      for (index_t j = 0; j < n; ++j) {
        reversed(i, j) = graded(n - 1 - i, n - 1 - j);
      }
    }
    check_reduction(reversed);
  }
}

TEST_CASE_TEMPLATE("tridiagonal reduction: symmetric products in one piece and in many", T, float,
                   double) {
  namespace detail = svf::cpu::detail;
  for (index_t const m : {1, 2, 7, 30, 383, 384, 513, 1025, 1600}) {
    CAPTURE(m);
    index_t const ld = detail::padded_stride<T>(m);
    svf::matrix<T> a(m, ld);
    auto const d = test::normal_vector<T>(std::size_t(m), 1);
    svf::vector<T> x(ld);
    svf::vector<T> y(ld);
    svf::vector<T> par_y(ld);
    svf::random_stream const random(2);
    for (index_t i = 0; i < m; ++i) {
      x[i] = T(random.uniform(std::uint64_t(i)) - 0.5);
      for (index_t j = 0; j < i; ++j) {
        a(i, j) = T(random.uniform(std::uint64_t(i * m + j)) - 0.5);
      }
    }
    svf::matrix<T> partial(detail::most_symmetric_pieces - 1, ld);
    detail::strict_lower<T> const lower{a.data(), ld};
    svf::cpu::seq seq;
    detail::symmetric_product(seq, lower, d.data(), m, x.data(), y.data(), partial.data(), ld);
    svf::cpu::par par(3);
    detail::symmetric_product(par, lower, d.data(), m, x.data(), par_y.data(), partial.data(), ld);
    CHECK(test::max_difference(y, par_y) == 0.0);
    double worst = 0.0;
    for (index_t i = 0; i < m; ++i) {
      double sum = double(d[std::size_t(i)]) * double(x[i]) - double(y[i]);
      for (index_t j = 0; j < m; ++j) {
        sum += j < i   ? double(a(i, j)) * double(x[j])
               : j > i ? double(a(j, i)) * double(x[j])
                       : 0.0;
      }
      worst = std::max(worst, std::abs(sum));
    }
    // Σ_j |a_ij x_j| < m/4 + |d x|.
    CHECK(worst <= double(std::numeric_limits<T>::epsilon()) * (double(m) + 10.0));
    index_t const pieces = detail::symmetric_pieces(m);
    CHECK(pieces <= detail::most_symmetric_pieces);
    for (index_t p = 0; p < pieces; ++p) {
      CHECK(detail::symmetric_piece_begin(m, p, pieces) % 4 == 0);
      CHECK(detail::symmetric_piece_begin(m, p, pieces) <
            detail::symmetric_piece_begin(m, p + 1, pieces));
    }
  }
}
