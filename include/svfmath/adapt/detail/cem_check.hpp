// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <utility>
#include <vector>

#include <svfmath/adapt/cem_options.hpp>
#include <svfmath/core/error.hpp>

namespace svf::detail {

// `values` brought to one element per coordinate; an empty list becomes `fallback`.
template <class T>
void expand(std::vector<T>& values, index_t dim, T fallback, char const* name) {
  std::size_t const size = std::size_t(dim);
  expects(values.empty() || values.size() == 1 || values.size() == size, error_kind::shape,
          "cem: expected ", name, " with 0, 1 or dim = ", dim, " elements, got ", values.size());
  values.resize(size, values.empty() ? fallback : values.front());
}

// A point of the search space: `dim` finite numbers, within the bounds unless these are `none`.
template <class T, class Point>
void check_point(cem_options<T> const& options, Point const& point, char const* what) {
  expects(index_t(point.size()) == options.dim, error_kind::shape, "cem: expected ", what,
          " with dim = ", options.dim, " elements, got ", point.size());
  for (std::size_t i = 0; i < std::size_t(options.dim); ++i) {
    bool const inside = options.bounds == bounds_handling::none ||
                        (point[i] >= options.lower[i] && point[i] <= options.upper[i]);
    expects(std::isfinite(point[i]) && inside, error_kind::numeric, "cem: expected ", what,
            " within [", options.lower[i], ", ", options.upper[i], "], got ", point[i],
            " at coordinate ", i);
  }
}

template <class T>
void check_numbers(cem_options<T> const& o) {
  constexpr index_t largest = index_t{1} << 40;
  expects(o.dim >= 1 && o.dim <= largest, error_kind::shape, "cem: expected dim >= 1, got ", o.dim);
  expects(o.popsize >= 2 && o.popsize <= largest / o.dim, error_kind::shape,
          "cem: expected popsize >= 2 and dim * popsize <= 2^40, got ", o.popsize);
  auto const share = [](double value, char const* name) {
    expects(value >= 0.0 && value <= 1.0, error_kind::numeric, "cem: expected ", name,
            " in [0, 1], got ", value);
  };
  share(o.alpha_mean, "alpha_mean");
  share(o.alpha_std, "alpha_std");
  share(o.keep_elites, "keep_elites");
  share(o.floor.decay, "floor.decay");
  expects(o.elite_ratio > 0.0 && o.elite_ratio <= 1.0, error_kind::numeric,
          "cem: expected elite_ratio in (0, 1], got ", o.elite_ratio);
  auto const not_negative = [](double value, char const* name) {
    expects(value >= 0.0, error_kind::numeric, "cem: expected ", name, " >= 0, got ", value);
  };
  not_negative(o.floor.fraction, "floor.fraction");
  not_negative(o.std_max_change, "std_max_change");
  not_negative(o.min_gain, "min_gain");
  not_negative(o.timeout, "timeout");
  not_negative(o.tol_x, "tol_x");
  not_negative(o.tol_f, "tol_f");
  not_negative(double(o.resample_tries), "resample_tries");
  not_negative(double(o.max_iters), "max_iters");
  not_negative(double(o.flat_generations), "flat_generations");
  not_negative(double(o.stagnation), "stagnation");
  not_negative(double(o.restarts), "restarts");
  expects(std::isfinite(o.floor.fraction), error_kind::numeric,
          "cem: expected a finite floor.fraction, got ", o.floor.fraction);
  expects(o.resample_tries < (1 << 15), error_kind::numeric,
          "cem: expected resample_tries < 32768, got ", o.resample_tries);
  expects(o.max_evals >= o.popsize, error_kind::numeric,
          "cem: expected max_evals of at least one generation (popsize = ", o.popsize, "), got ",
          o.max_evals);
  expects(std::cmp_greater_equal(o.max_evals, o.inject.size() + o.corners.size()),
          error_kind::numeric, "cem: expected max_evals of at least inject and corners, ",
          o.inject.size() + o.corners.size(), " in all, got ", o.max_evals);
  expects(o.restarts <= 1'000'000, error_kind::numeric, "cem: expected restarts <= 1000000, got ",
          o.restarts);
  expects(!o.target || !std::isnan(*o.target), error_kind::numeric, "cem: target is NaN");
  expects(o.popsize_growth >= 1.0 && o.popsize_growth <= 16.0, error_kind::numeric,
          "cem: expected popsize_growth in [1, 16], got ", o.popsize_growth);
}

// The options with every list at `dim` elements, or an error that names what is wrong.
template <class T>
cem_options<T> checked(cem_options<T> o) {
  constexpr T infinity = std::numeric_limits<T>::infinity();
  check_numbers(o);
  expand(o.lower, o.dim, -infinity, "lower");
  expand(o.upper, o.dim, infinity, "upper");
  bool const own_mean = !o.init_mean.empty();
  bool const own_std = !o.init_std.empty();
  expand(o.init_mean, o.dim, T(0), "init_mean");
  expand(o.init_std, o.dim, T(0), "init_std");
  for (std::size_t i = 0; i < std::size_t(o.dim); ++i) {
    T const lo = o.lower[i];
    T const hi = o.upper[i];
    expects(lo <= hi && lo < infinity && hi > -infinity, error_kind::numeric,
            "cem: expected lower <= upper, got lower = ", lo, ", upper = ", hi, " at coordinate ",
            i);
    bool const finite = std::isfinite(lo) && std::isfinite(hi);
    expects(own_mean || finite, error_kind::numeric,
            "cem: expected init_mean where a bound is infinite (coordinate ", i, ")");
    expects(own_std || finite, error_kind::numeric,
            "cem: expected init_std where a bound is infinite (coordinate ", i, ")");
    T const half = hi / 2 - lo / 2;
    o.init_mean[i] = own_mean ? o.init_mean[i] : lo + half;
    o.init_std[i] = lo == hi ? T(0) : own_std ? o.init_std[i] : half;
    expects(o.init_std[i] >= T(0) && std::isfinite(o.init_std[i]), error_kind::numeric,
            "cem: expected a finite init_std >= 0, got ", o.init_std[i], " at coordinate ", i);
  }
  check_point(o, o.init_mean, "init_mean");
  for (auto const& point : o.inject) {
    check_point(o, point, "an injected point");
  }
  for (auto const& point : o.corners) {
    check_point(o, point, "a corner");
  }
  return o;
}

}  // namespace svf::detail
