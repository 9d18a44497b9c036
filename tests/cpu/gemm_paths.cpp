// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include <svfmath/core/random.hpp>
#include <svfmath/cpu/blas.hpp>

// The borders of the blocks, passes, panels and special paths that cpu/detail/gemm_*.hpp cut a
// product into; blas.cpp has the rest.
namespace {

using svf::index_t;
using svf::matrix_view;
using svf::order;

// A matrix of any order inside a larger array, whose other elements hold 7 and must keep it.
template <class T>
struct framed {
  std::vector<T> storage;
  index_t rows, cols, ld;
  order layout;

  framed(index_t rows_, index_t cols_, order layout_, index_t padding)
      : storage(std::size_t((rows_ + padding) * (cols_ + padding) + 1), T(7)),
        rows(rows_),
        cols(cols_),
        ld((layout_ == order::row_major ? cols_ : rows_) + padding),
        layout(layout_) {}

  matrix_view<T> view() { return {storage.data(), rows, cols, ld, layout}; }

  template <class F>
  void fill(F&& f) {
    for (index_t i = 0; i < rows; ++i) {
      for (index_t j = 0; j < cols; ++j) {
        view()(i, j) = T(f(std::uint64_t(i * cols + j)));
      }
    }
  }
  void fill_random(std::uint64_t seed) {
    svf::random_stream const random(seed);
    fill([&](std::uint64_t i) { return random.uniform(i) - 0.5; });
  }
};

// Every element within (k+3) u (|α| Σ|a||b| + |β||c|) of the exact one, u = ε/2: the bound of a sum
// in any order (Higham, Accuracy and Stability of Numerical Algorithms, 2nd ed., section 3.1).
template <class T>
bool agrees(double alpha, matrix_view<T> a, matrix_view<T> b, double beta, matrix_view<T> before,
            matrix_view<T> after) {
  double const unit = double(std::numeric_limits<T>::epsilon()) / 2;
  for (index_t i = 0; i < after.rows; ++i) {
    for (index_t j = 0; j < after.cols; ++j) {
      long double sum = 0;
      long double size = 0;
      for (index_t p = 0; p < a.cols; ++p) {
        long double const term = static_cast<long double>(a(i, p)) * b(p, j);
        sum += term;
        size += std::abs(term);
      }
      long double const kept = beta == 0 ? 0.0L : beta * static_cast<long double>(before(i, j));
      long double const off = std::abs(after(i, j) - (alpha * sum + kept));
      if (!(off <= double(a.cols + 3) * unit * (std::abs(alpha) * size + std::abs(kept)))) {
        return false;
      }
    }
  }
  return true;
}

template <class T>
void check(index_t m, index_t k, index_t n, order a_order, order b_order, order c_order,
           index_t padding, double alpha, double beta, std::uint64_t seed) {
  CAPTURE(m);
  CAPTURE(k);
  CAPTURE(n);
  CAPTURE(int(a_order));
  CAPTURE(int(b_order));
  CAPTURE(int(c_order));
  CAPTURE(beta);
  CAPTURE(seed);
  framed<T> a(m, k, a_order, padding);
  framed<T> b(k, n, b_order, padding);
  framed<T> before(m, n, c_order, padding);
  a.fill_random(seed + 1);
  b.fill_random(seed + 2);
  before.fill_random(seed + 3);
  if (beta == 0.0) {
    before.fill([](auto) { return std::numeric_limits<double>::quiet_NaN(); });
  }
  auto const run = [&](auto exec) {
    framed<T> c = before;
    gemm(exec, T(alpha), a.view(), b.view(), T(beta), c.view());
    return c;
  };
  framed<T> after = run(svf::cpu::seq{});
  CHECK(after.storage == run(svf::cpu::par(2)).storage);
  CHECK(agrees<T>(alpha, a.view(), b.view(), beta, before.view(), after.view()));
  before.fill([](auto) { return 0.0; });
  after.fill([](auto) { return 0.0; });
  CHECK_MESSAGE(after.storage == before.storage, "elements outside of C changed");
}

}  // namespace

TEST_CASE_TEMPLATE("gemm_paths: random extents, orders, strides and factors", T, float, double) {
  svf::generator random(20240611);
  constexpr double factors[] = {1.0, 0.0, -0.75, 2.0};
  auto const extent = [&] { return index_t(1 + random.below(random.below(2) == 0 ? 20 : 200)); };
  auto const any = [&] { return random.below(2) == 0 ? order::row_major : order::col_major; };
  for (std::uint64_t round = 0; round < 150; ++round) {
    index_t const m = extent();
    index_t const k = extent();
    index_t const n = extent();
    order const a = any();
    order const b = any();
    order const c = any();
    index_t const padding = index_t(random.below(2) * random.below(9));
    check<T>(m, k, n, a, b, c, padding, round % 3 == 0 ? -1.5 : 1.0, factors[random.below(4)],
             round);
  }
}

TEST_CASE_TEMPLATE("gemm_paths: borders of register blocks and passes", T, float, double) {
  using blocking = svf::cpu::detail::gemm_blocking<T>;
  constexpr index_t mr = blocking::rows;
  constexpr index_t nr = blocking::cols;
  for (index_t const k : {blocking::depth - 1, blocking::depth, 2 * blocking::depth + 1}) {
    for (index_t const m : {index_t(1), mr - 1, mr, mr + 1, 6 * mr}) {
      for (index_t const n : {index_t(1), nr - 1, nr, 3 * nr + 1}) {
        for (order const b : {order::row_major, order::col_major}) {
          check<T>(m, k, n, order::row_major, b, order::row_major, 0, 1.0, 0.5, 9);
        }
      }
    }
  }
}

TEST_CASE_TEMPLATE("gemm_paths: few columns, for which A is read in place, and one more", T, float,
                   double) {
  using blocking = svf::cpu::detail::gemm_blocking<T>;
  for (index_t const n : {svf::cpu::detail::few_columns, svf::cpu::detail::few_columns + 1}) {
    for (order const a : {order::row_major, order::col_major}) {
      for (index_t const m : {6 * index_t(blocking::rows), 5 * index_t(blocking::rows) + 1}) {
        check<T>(m, blocking::depth + 3, n, a, order::row_major, order::row_major, 1, 1.0, 0.5, 10);
      }
    }
  }
}

TEST_CASE_TEMPLATE("gemm_paths: more rows and columns than one panel", T, float, double) {
  index_t const many = svf::cpu::detail::gemm_blocking<T>::panel + 70;
  for (order const a : {order::row_major, order::col_major}) {
    check<T>(many, 3, 35, a, order::row_major, order::row_major, 1, 1.0, 0.5, 1);
    check<T>(61, 3, many, a, order::col_major, order::row_major, 1, 1.0, 0.5, 2);
    check<T>(many, 5, 1, a, order::col_major, order::row_major, 0, 1.0, 0.0, 3);
  }
}

TEST_CASE("gemm_paths: NaN and infinity reach the rows and columns they belong to, and no other") {
  svf::cpu::seq exec;
  for (index_t const m : {1, 4, 40}) {
    for (index_t const n : {1, 33, 100}) {
      framed<float> a(m, 20, order::row_major, 0);
      framed<float> b(20, n, order::row_major, 0);
      framed<float> c(m, n, order::row_major, 0);
      a.fill_random(1);
      b.fill_random(2);
      a.view()(m - 1, 19) = std::numeric_limits<float>::infinity();
      b.view()(0, n - 1) = std::numeric_limits<float>::quiet_NaN();
      gemm(exec, 1.0f, a.view(), b.view(), 0.0f, c.view());
      bool right = true;
      for (index_t i = 0; i < m; ++i) {
        for (index_t j = 0; j < n; ++j) {
          right = right && std::isfinite(c.view()(i, j)) == (i != m - 1 && j != n - 1);
        }
      }
      CHECK(right);
    }
  }
}
