// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cmath>
#include <limits>
#include <type_traits>

#include <svfmath/core/config.hpp>
#include <svfmath/core/half.hpp>
#include <svfmath/core/matrix.hpp>
#include <svfmath/core/view.hpp>

/// What verbs hand to the primitives `transform` and `reduce`. Named types rather than lambdas,
/// because a kernel launched from host code cannot run a lambda of it.
namespace svf::detail {

// Outside of the functions that use them: device code knows constants, but not std's functions.
inline constexpr double infinite = std::numeric_limits<double>::infinity();
template <class T>
inline constexpr T largest_finite = std::numeric_limits<T>::max();
template <>
inline constexpr float largest_finite<bfloat16> = from_bf16(0x7F7F);
template <>
inline constexpr float largest_finite<float16> = from_f16(0x7BFF);

template <class T>
struct constant {
  T value;

  template <class... Indices>
  SVFMATH_HOST_DEVICE constexpr T operator()(Indices...) const {
    return value;
  }
};

/// |g(i,j) − (i = j)|; infinite where it is NaN.
template <class T, class Space>
struct distance_from_identity {
  matrix_view<T const, Space> g;

  SVFMATH_HOST_DEVICE double operator()(index_t i, index_t j) const {
    double const value = std::abs(double(g(i, j)) - (i == j ? 1.0 : 0.0));
    return std::isnan(value) ? infinite : value;
  }
};

/// |x(i,j)|; infinite where it is NaN or infinite.
template <class T, class Space>
struct magnitude {
  matrix_view<T, Space> x;

  SVFMATH_HOST_DEVICE double operator()(index_t i, index_t j) const {
    double const size = std::abs(double(x(i, j)));
    return size <= double(largest_finite<std::remove_const_t<T>>) ? size : infinite;
  }
};

/// x(i,j)².
template <class T, class Space>
struct squared_element {
  matrix_view<T const, Space> x;

  SVFMATH_HOST_DEVICE double operator()(index_t i, index_t j) const {
    double const value = double(x(i, j));
    return value * value;
  }
};

/// v(i).
template <class T, class Space>
struct element {
  vector_view<T const, Space> v;

  SVFMATH_HOST_DEVICE T operator()(index_t i) const { return v[i]; }
};

/// Takes what it is given and does nothing.
struct nothing {
  template <class... Arguments>
  constexpr void operator()(Arguments&&...) const {}
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

/// combine over all (i,j) of f(i,j): `reduce_rows`, and `reduce` of what it gives. Waits for the
/// result.
template <class Exec, class F, class Combine>
double reduce_elements(Exec& exec, index_t rows, index_t cols, F f, Combine combine) {
  auto of_rows = make_vector<double>(exec, rows);
  reduce_rows(exec, of_rows.view(), cols, 0.0, f, combine);
  return reduce(exec, rows, 0.0, element<double, typename Exec::space>{of_rows.view()}, combine);
}

}  // namespace svf::detail
