// SPDX-License-Identifier: Apache-2.0
#pragma once

/// Bodies for every backend; the including unit names its policies in SVFMATH_TEST_POLICIES.
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <utility>
#include <vector>

#include <doctest/doctest.h>
#include <svfmath/core/config.hpp>
#include <svfmath/core/detail/function_objects.hpp>
#include <svfmath/core/transfer.hpp>

#include <support/close.hpp>
#include <support/padded.hpp>
#include <support/random.hpp>

namespace {

using svf::index_t;

struct square_root {
  SVFMATH_HOST_DEVICE double operator()(index_t i) const { return std::sqrt(double(i)); }
};

/// 0.5·i, but NaN at one place and infinity at another.
struct spoilt_slope {
  index_t nan_at;
  index_t infinite_at;

  SVFMATH_HOST_DEVICE float operator()(index_t i) const {
    return i == nan_at ? std::nanf("") : i == infinite_at ? -HUGE_VALF : 0.5f * float(i);
  }
};

template <class Space>
struct element_of {
  svf::vector_view<float const, Space> x;
  SVFMATH_HOST_DEVICE float operator()(index_t i) const { return x[i]; }
};

template <class Space>
struct element_at {
  svf::matrix_view<float const, Space> x;
  SVFMATH_HOST_DEVICE double operator()(index_t i, index_t j) const { return double(x(i, j)); }
};

}  // namespace

TEST_CASE_TEMPLATE("algorithm: scale_columns and scale_rows multiply by a diagonal, in any order",
                   Exec, SVFMATH_TEST_POLICIES) {
  auto exec = test::make_policy<Exec>();
  for (std::uint64_t seed = 0; seed < 40; ++seed) {
    CAPTURE(seed);
    svf::generator random(seed, 4);
    index_t const rows = test::extent(random);
    index_t const cols = test::extent(random);
    test::padded<float> const a(rows, cols, random);
    test::padded<double> by_cols(rows, cols, random);
    test::padded<float> by_rows(rows, cols, random);
    auto const right = test::normal_vector<double>(std::size_t(cols), seed);
    auto const left = test::normal_vector<float>(std::size_t(rows), seed + 1);
    test::placed<Exec, float> const a_there(exec, a);
    test::placed<Exec, double> const cols_there(exec, by_cols);
    test::placed<Exec, float> const rows_there(exec, by_rows);
    auto const right_there = svf::vector_on(exec, right);
    auto const left_there = svf::vector_on(exec, left);
    scale_columns(exec, svf::as_const(a_there.view), right_there.view(), cols_there.view);
    scale_rows(exec, left_there.view(), svf::as_const(a_there.view), rows_there.view);
    auto const before = by_cols.values;
    cols_there.fetch(exec, by_cols);
    rows_there.fetch(exec, by_rows);
    for (index_t i = 0; i < rows; ++i) {
      for (index_t j = 0; j < cols; ++j) {
        CHECK(by_cols.view(i, j) == double(a.view(i, j)) * right[std::size_t(j)]);
        CHECK(by_rows.view(i, j) == left[std::size_t(i)] * a.view(i, j));
      }
    }
    for (std::size_t i = 0; i < before.size(); ++i) {
      CHECK((by_cols.holds(i) || by_cols.values[i] == before[i]));
    }
  }
}

TEST_CASE_TEMPLATE("algorithm: scaling in place, and refusing what does not fit", Exec,
                   SVFMATH_TEST_POLICIES) {
  auto exec = test::make_policy<Exec>();
  auto const before = test::normal_matrix<double>(4, 3, 6);
  auto a = svf::matrix_on(exec, before);
  auto const d = svf::vector_on(exec, std::vector<double>{2.0, -1.0, 0.5});
  auto const too_short = svf::vector_on(exec, std::vector<double>{2.0, -1.0});
  auto const next = svf::matrix_on(exec, svf::matrix<float>(3, 100));
  scale_columns(exec, svf::as_const(a.view()), d.view(), a.view(), next.view());
  auto const after = svf::host_matrix(exec, a);
  CHECK(after(3, 1) == -before(3, 1));
  CHECK(after(2, 2) == 0.5 * before(2, 2));
  CHECK_THROWS_AS(scale_columns(exec, svf::as_const(a.view()), too_short.view(), a.view()),
                  svf::error);
  CHECK_THROWS_AS(scale_rows(exec, d.view(), svf::as_const(a.view()), a.view()), svf::error);
}

TEST_CASE_TEMPLATE("algorithm: begin_scale_columns scales by a function and finds where it is not "
                   "finite",
                   Exec, SVFMATH_TEST_POLICIES) {
  auto exec = test::make_policy<Exec>();
  for (std::uint64_t seed = 0; seed < 60; ++seed) {
    CAPTURE(seed);
    svf::generator random(seed, 16);
    // Beyond 512 lines a device takes several of them at once.
    index_t const rows = test::extent(random) * (seed % 5 == 0 ? 5 : 1);
    index_t const cols = test::extent(random) * (seed % 5 == 1 ? 5 : 1);
    test::padded<float> const a(rows, cols, random);
    test::padded<float> b(rows, cols, random);
    auto const before = b.values;
    test::placed<Exec, float> const a_there(exec, a);
    test::placed<Exec, float> const b_there(exec, b);
    // Half of the time nothing is wrong, otherwise one or two places are.
    auto const place = [&] { return index_t(random.below(2 * std::uint64_t(cols))); };
    spoilt_slope const f{place(), place()};
    index_t const first_bad =
        begin_scale_columns(exec, svf::as_const(a_there.view), f, b_there.view).get();
    CHECK(first_bad == std::min({cols, f.nan_at, f.infinite_at}));
    b_there.fetch(exec, b);
    bool equal = true;
    for (index_t i = 0; i < rows; ++i) {
      for (index_t j = 0; j < cols; ++j) {
        float const expected = a.view(i, j) * f(j);
        equal = equal && (b.view(i, j) == expected ||
                          (std::isnan(b.view(i, j)) && std::isnan(expected)));
      }
    }
    for (std::size_t i = 0; i < before.size(); ++i) {
      equal = equal && (b.holds(i) || b.values[i] == before[i]);
    }
    CHECK(equal);
  }
  auto const none = svf::make_matrix<float>(exec, 0, 4);
  auto same = svf::make_matrix<float>(exec, 0, 4);
  CHECK(begin_scale_columns(exec, none.view(), spoilt_slope{9, 3}, same.view()).get() == 3);
  auto wrong = svf::make_matrix<float>(exec, 1, 4);
  CHECK_THROWS_AS(begin_scale_columns(exec, none.view(), spoilt_slope{9, 9}, wrong.view()),
                  svf::error);
}

TEST_CASE_TEMPLATE("algorithm: scale_selected multiplies each row by the row chosen for it", Exec,
                   SVFMATH_TEST_POLICIES) {
  auto exec = test::make_policy<Exec>();
  for (std::uint64_t seed = 0; seed < 40; ++seed) {
    CAPTURE(seed);
    svf::generator random(seed, 6);
    // Beyond 512 rows a device takes several of them at once.
    index_t const rows = test::extent(random) * (seed % 5 == 0 ? 5 : 1);
    index_t const cols = test::extent(random);
    index_t const choices = test::extent(random);
    test::padded<float> const a(rows, cols, random);
    test::padded<double> const d(choices, cols, random);
    test::padded<float> b(rows, cols, random);
    std::vector<index_t> chosen;
    for (index_t i = 0; i < rows; ++i) {
      chosen.push_back(index_t(random.below(std::uint64_t(choices))));
    }
    test::placed<Exec, float> const a_there(exec, a);
    test::placed<Exec, double> const d_there(exec, d);
    test::placed<Exec, float> const b_there(exec, b);
    auto const chosen_there = svf::vector_on(exec, chosen);
    scale_selected(exec, svf::as_const(a_there.view), svf::as_const(d_there.view),
                   chosen_there.view(), b_there.view);
    auto const before = b.values;
    b_there.fetch(exec, b);
    bool equal = true;
    for (index_t i = 0; i < rows; ++i) {
      for (index_t j = 0; j < cols; ++j) {
        equal = equal && b.view(i, j) == float(double(a.view(i, j)) *
                                               d.view(chosen[std::size_t(i)], j));
      }
    }
    CHECK(equal);
    for (std::size_t i = 0; i < before.size(); ++i) {
      equal = equal && (b.holds(i) || b.values[i] == before[i]);
    }
    CHECK(equal);
    auto in_place = svf::make_matrix<float>(exec, rows, cols);
    copy(exec, svf::as_const(a_there.view), in_place.view());
    scale_selected(exec, svf::as_const(in_place.view()), svf::as_const(d_there.view),
                   chosen_there.view(), in_place.view(), svf::as_const(d_there.view));
    auto const result = svf::host_matrix(exec, in_place);
    for (index_t i = 0; i < rows; ++i) {
      for (index_t j = 0; j < cols; ++j) {
        equal = equal && result(i, j) == b.view(i, j);
      }
    }
    CHECK(equal);
  }
  auto const a = svf::matrix_on(exec, svf::matrix<float>(2, 3));
  auto out = svf::make_matrix<float>(exec, 2, 3);
  auto const three = svf::vector_on(exec, std::vector<index_t>(3, 0));
  CHECK_THROWS_AS(scale_selected(exec, a.view(), a.view(), three.view(), out.view()), svf::error);
}

TEST_CASE_TEMPLATE("algorithm: column_dots sums in double, in any order of memory", Exec,
                   SVFMATH_TEST_POLICIES) {
  auto exec = test::make_policy<Exec>();
  for (std::uint64_t seed = 0; seed < 40; ++seed) {
    CAPTURE(seed);
    svf::generator random(seed, 5);
    index_t const rows = test::extent(random) * (seed % 5 == 0 ? 9 : 1);
    index_t const cols = test::extent(random);
    test::padded<float> const a(rows, cols, random);
    test::padded<double> const b(rows, cols, random);
    test::placed<Exec, float> const a_there(exec, a);
    test::placed<Exec, double> const b_there(exec, b);
    auto result = svf::make_vector<double>(exec, cols);
    column_dots(exec, svf::as_const(a_there.view), svf::as_const(b_there.view), result.view());
    auto const dots = svf::host_vector(exec, result);
    for (index_t j = 0; j < cols; ++j) {
      double sum = 0.0;
      double magnitude = 0.0;
      for (index_t i = 0; i < rows; ++i) {
        double const term = double(a.view(i, j)) * b.view(i, j);
        sum += term;
        magnitude += std::abs(term);
      }
      CHECK(test::close(dots[j], sum,
                        double(rows + 1) * magnitude * std::numeric_limits<double>::epsilon()));
    }
  }
}

TEST_CASE_TEMPLATE("algorithm: gather_rows takes rows in the order asked for", Exec,
                   SVFMATH_TEST_POLICIES) {
  auto exec = test::make_policy<Exec>();
  auto const a = test::normal_matrix<float>(50, 70, 9);
  auto const a_there = svf::matrix_on(exec, a);
  std::vector<index_t> const rows{49, 0, 0, 17};
  auto gathered = svf::make_matrix<double>(exec, 4, 70);
  gather_rows(exec, a_there.view(), svf::as_vector(rows), gathered.view());
  auto const b = svf::host_matrix(exec, gathered);
  for (index_t j = 0; j < 4; ++j) {
    for (index_t k = 0; k < 70; ++k) {
      CHECK(b(j, k) == double(a(rows[std::size_t(j)], k)));
    }
  }
  auto too_small = svf::make_matrix<double>(exec, 3, 70);
  CHECK_THROWS_AS(gather_rows(exec, a_there.view(), svf::as_vector(rows), too_small.view()),
                  svf::error);
}

TEST_CASE_TEMPLATE("algorithm: gather_rows multiplies each row, in any order of the elements", Exec,
                   SVFMATH_TEST_POLICIES) {
  auto exec = test::make_policy<Exec>();
  auto const a = test::normal_matrix<double>(40, 37, 10);
  auto const a_there = svf::matrix_on(exec, a);
  svf::generator random(11);
  for (index_t const count : {1, 15, 16, 33}) {
    std::vector<index_t> rows;
    std::vector<double> factors;
    for (index_t j = 0; j < count; ++j) {
      rows.push_back(index_t(random.below(40)));
      factors.push_back(random.normal());
    }
    auto by_rows = svf::make_matrix<float>(exec, count, 37);
    auto by_columns = svf::make_matrix<float>(exec, 37, count);
    auto const there = svf::as_vector(std::as_const(rows));
    auto const times = svf::as_vector(std::as_const(factors));
    gather_rows(exec, a_there.view(), there, times, by_rows.view());
    gather_rows(exec, a_there.view(), there, times, svf::transposed(by_columns.view()));
    auto const b = svf::host_matrix(exec, by_rows);
    auto const c = svf::host_matrix(exec, by_columns);
    for (index_t j = 0; j < count; ++j) {
      for (index_t k = 0; k < 37; ++k) {
        CHECK(b(j, k) == float(factors[std::size_t(j)] * a(rows[std::size_t(j)], k)));
        CHECK(c(k, j) == b(j, k));
      }
    }
    auto too_narrow = svf::make_matrix<float>(exec, count, 36);
    CHECK_THROWS_AS(gather_rows(exec, a_there.view(), there, times, too_narrow.view()), svf::error);
  }
}

TEST_CASE_TEMPLATE("algorithm: transform writes f(i) everywhere", Exec, SVFMATH_TEST_POLICIES) {
  auto exec = test::make_policy<Exec>();
  for (index_t const size : {0, 1, 31, 4095, 4096, 4097, 20000}) {
    auto values = svf::make_vector<double>(exec, size);
    transform(exec, values.view(), square_root());
    auto const result = svf::host_vector(exec, values);
    for (index_t i = 0; i < size; ++i) {
      CHECK(result[i] == std::sqrt(double(i)));
    }
  }
}

TEST_CASE_TEMPLATE("algorithm: reduce sums and compares, with the same bits every time", Exec,
                   SVFMATH_TEST_POLICIES) {
  auto exec = test::make_policy<Exec>();
  for (index_t const size : {0, 1, 4097, 50001, 300000}) {
    auto const x = test::normal_vector<float>(std::size_t(size), 8);
    auto const there = svf::vector_on(exec, x);
    element_of<typename Exec::space> const element{there.view()};
    float const total = reduce(exec, size, 0.0f, element, svf::detail::sum());
    double exact = 0.0;
    double magnitude = 0.0;
    float largest = -HUGE_VALF;
    for (float const value : x) {
      exact += double(value);
      magnitude += std::abs(double(value));
      largest = std::max(largest, value);
    }
    // Each element passes through at most a piece's sums and the sum of the pieces.
    double const additions = 4096.0 + double(size) / 4096.0;
    CHECK(test::close(double(total), exact,
                      additions * magnitude * double(std::numeric_limits<float>::epsilon())));
    CHECK(reduce(exec, size, 0.0f, element, svf::detail::sum()) == total);
    CHECK(reduce(exec, size, -HUGE_VALF, element, svf::detail::larger()) == largest);
  }
}

TEST_CASE_TEMPLATE(
    "algorithm: reduce_rows sums and compares each row, with the same bits every time", Exec,
    SVFMATH_TEST_POLICIES) {
  using space = typename Exec::space;
  auto exec = test::make_policy<Exec>();
  for (auto const& shape : {std::pair<index_t, index_t>{0, 3},
                            {3, 0},
                            {1, 1},
                            {7, 255},
                            {3, 257},
                            {70001, 2},
                            {5, 9000}}) {
    auto const [rows, cols] = shape;
    CAPTURE(rows);
    CAPTURE(cols);
    auto const x = test::normal_matrix<float>(rows, cols, 9);
    auto const there = svf::matrix_on(exec, x);
    element_at<space> const element{there.view()};
    auto out = svf::make_vector<double>(exec, rows);
    reduce_rows(exec, out.view(), cols, 0.0, element, svf::detail::sum());
    auto const sums = svf::host_vector(exec, out);
    reduce_rows(exec, out.view(), cols, 0.0, element, svf::detail::sum());
    CHECK(test::max_difference(svf::host_vector(exec, out), sums) == 0.0);
    reduce_rows(exec, out.view(), cols, -HUGE_VAL, element, svf::detail::larger());
    auto const largest = svf::host_vector(exec, out);
    double worst = 0.0;
    bool all_largest = true;
    for (index_t i = 0; i < rows; ++i) {
      double exact = 0.0;
      double most = -HUGE_VAL;
      double magnitude = 0.0;
      for (index_t j = 0; j < cols; ++j) {
        exact += double(x(i, j));
        most = std::max(most, double(x(i, j)));
        magnitude += std::abs(double(x(i, j)));
      }
      worst = std::max(worst, std::abs(sums[i] - exact) - double(cols) * magnitude * 2.3e-16);
      all_largest = all_largest && largest[i] == most;
    }
    CHECK(worst <= 0.0);
    CHECK(all_largest);
  }
}

TEST_CASE_TEMPLATE("algorithm: for_each_problem hands every number over once", Exec,
                   SVFMATH_TEST_POLICIES) {
  auto exec = test::make_policy<Exec>();
  for (index_t const count : {0, 1, 2, 300}) {
    std::vector<int> calls(std::size_t(count), 0);
    for_each_problem(exec, count, [&](auto& local, index_t i) {
      // Policies compute in the memory of the one they come from.
      auto const one = svf::make_vector<float>(local, 1);
      calls[std::size_t(i)] += int(one.size());
    });
    CHECK(calls == std::vector<int>(std::size_t(count), 1));
  }
}
