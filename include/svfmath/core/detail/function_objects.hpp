// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cmath>
#include <limits>

#include <svfmath/core/config.hpp>
#include <svfmath/core/view.hpp>

/// What verbs hand to the primitives `transform` and `reduce`. Named types rather than lambdas,
/// because a kernel launched from host code cannot run a lambda of it.
namespace svf::detail {

// Outside of the functions that use them: device code knows constants, but not std's functions.
inline constexpr double infinite = std::numeric_limits<double>::infinity();
template <class T>
inline constexpr T largest_finite = std::numeric_limits<T>::max();

template <class T>
struct constant {
  T value;

  SVFMATH_HOST_DEVICE constexpr T operator()(index_t) const { return value; }
};

/// |g − I| at the i-th element, counted row by row; infinite where it is NaN.
template <class T, class Space>
struct distance_from_identity {
  matrix_view<T const, Space> g;

  SVFMATH_HOST_DEVICE double operator()(index_t i) const {
    index_t const row = i / g.cols;
    index_t const col = i % g.cols;
    double const value = std::abs(double(g(row, col)) - (row == col ? 1.0 : 0.0));
    return std::isnan(value) ? infinite : value;
  }
};

/// The square of the i-th element, counted row by row.
template <class T, class Space>
struct squared_element {
  matrix_view<T const, Space> x;

  SVFMATH_HOST_DEVICE double operator()(index_t i) const {
    double const value = double(x(i / x.cols, i % x.cols));
    return value * value;
  }
};

struct larger {
  template <class T>
  SVFMATH_HOST_DEVICE constexpr T operator()(T a, T b) const {
    return a < b ? b : a;
  }
};

struct smaller {
  template <class T>
  SVFMATH_HOST_DEVICE constexpr T operator()(T a, T b) const {
    return b < a ? b : a;
  }
};

struct sum {
  template <class T>
  SVFMATH_HOST_DEVICE constexpr T operator()(T a, T b) const {
    return a + b;
  }
};

}  // namespace svf::detail
