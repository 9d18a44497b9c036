// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cmath>
#include <limits>

#include <svfmath/core/view.hpp>
#include <svfmath/cpu/detail/gemm_kernel.hpp>
#include <svfmath/cpu/detail/padded_rows.hpp>

/// Roots of f(λ) = 1 + Σ_j w_j / (d_j − λ) with w > 0: the eigenvalues of diag(d) + z zᵀ, w = z∘z.
/// Between two neighbouring poles f rises from −∞ to ∞. Every step replaces f by a rational
/// function with these two poles and takes its root (Li, "Solving secular equations stably and
/// efficiently", LAPACK working note 89, 1993); bisection takes over where that leaves the bracket.
/// A root is found as its distance from the nearer pole, which keeps all d_j − λ accurate.
namespace svf::cpu::detail {

/// Σ_j w_j / (δ_j − x) over the poles on one side of x, and its derivative.
template <class T>
struct side_sum {
  T value;
  T slope;
};

/// f at one point: ψ, the part of the poles below, φ, that of those above, and the error of f in
/// units of ε.
template <class T>
struct secular_value {
  side_sum<T> below;
  side_sum<T> above;
  T error;

  T f() const { return T(1) + below.value + above.value; }
  T slope() const { return below.slope + above.slope; }
};

/// f at `shift` behind the origin from which `delta` counts the poles; weights and poles are padded
/// by w = 0 and some δ above all others.
template <class T>
[[gnu::noinline]] secular_value<T> evaluate_secular(T const* weights, T const* delta, index_t size,
                                                    T shift) {
  using vector = typename gemm_blocking<T>::vector;
  constexpr index_t lanes = gemm_blocking<T>::lanes;
  vector const zero = {};
  vector below = {};
  vector above = {};
  vector below_slope = {};
  vector above_slope = {};
  vector error = {};
  for (index_t j = 0; j < size; j += lanes) {
    vector const inverse = T(1) / (load<vector>(delta + j) - shift);
    vector const term = load<vector>(weights + j) * inverse;
    vector const slope = term * inverse;
    below += inverse < zero ? term : zero;
    above += inverse < zero ? zero : term;
    below_slope += inverse < zero ? slope : zero;
    above_slope += inverse < zero ? zero : slope;
    error += above - below;
  }
  secular_value<T> result{{sum_of_vector<T>(below), sum_of_vector<T>(below_slope)},
                          {sum_of_vector<T>(above), sum_of_vector<T>(above_slope)},
                          T(0)};
  T const magnitude = result.above.value - result.below.value;
  result.error =
      sum_of_vector<T>(error) + T(8) * magnitude + T(1) + std::abs(shift) * result.slope();
  return result;
}

/// c η² − a η + b: the numerator of c + s_1/(p_1 − η) + s_2/(p_2 − η), a rational function with
/// f's poles next to the root, or, for the last root, the two poles below it.
template <class T>
struct rational_model {
  T a;
  T b;
  T c;

  /// The root between the poles, or above both.
  T root(bool above_both) const {
    T const far = std::sqrt(std::max(T(0), a * a - T(4) * b * c));
    if (above_both) {
      return a >= T(0) ? (a + far) / (T(2) * c) : T(2) * b / (a - far);
    }
    return a <= T(0) ? (a - far) / (T(2) * c) : T(2) * b / (a + far);
  }
};

/// The function with the weights s_1 and s_2 and the constant c.
template <class T>
rational_model<T> weighted_model(T c, T s1, T p1, T s2, T p2) {
  return {c * (p1 + p2) + s1 + s2, c * p1 * p2 + s1 * p2 + s2 * p1, c};
}

/// A function with value and slope of f at η = 0; c tells one from another. From s_1 and s_2, which
/// may be huge where a pole is far away, a and b would come with their rounding.
template <class T>
rational_model<T> tangent_model(secular_value<T> const& at, T p1, T p2, T c) {
  return {(p1 + p2) * at.f() - p1 * p2 * at.slope(), p1 * p2 * at.f(), c};
}

/// "The middle way": s_1 and s_2 have the slopes of ψ and φ.
template <class T>
rational_model<T> middle_way(secular_value<T> const& at, T p1, T p2) {
  return tangent_model(at, p1, p2, at.f() - at.below.slope * p1 - at.above.slope * p2);
}

/// "Fixed weight": the pole `near` keeps its own weight, `far` has the rest of the slope.
template <class T>
rational_model<T> fixed_weight(secular_value<T> const& at, T weight, T near, T far) {
  T const own = weight / (near * near);
  return tangent_model(at, near, far, at.f() - near * own - far * (at.slope() - own));
}

/// A root: its distance from the pole `origin`, and whether the iteration ended.
template <class T>
struct secular_root {
  index_t origin;
  T offset;
  bool converged;
};

/// The poles of one secular equation, in any order; `ascending` lists them in theirs.
template <class T>
struct secular_problem {
  index_t count;
  T const* poles;    ///< padded by values above all roots
  T const* weights;  ///< > 0, padded by zeros
  T total_weight;
  index_t const* ascending;
};

/// The i-th root from below. delta (padded(count)) ← d_j − λ_i.
template <class T>
[[gnu::noinline]] secular_root<T> solve_secular(secular_problem<T> const& problem, index_t i,
                                                T* delta) {
  constexpr T epsilon = std::numeric_limits<T>::epsilon();
  constexpr int most_steps = 200;
  constexpr int most_rational_steps = 30;
  index_t const size = padded<T>(problem.count);
  auto const count_from = [&](index_t origin) {
    T const pole = problem.poles[origin];
    for (index_t j = 0; j < size; ++j) {
      delta[j] = problem.poles[j] - pole;
    }
  };
  if (problem.count == 1) {
    count_from(0);
    delta[0] = -problem.weights[0];
    return {0, problem.weights[0], true};
  }
  bool const last = i + 1 == problem.count;
  // The two poles of the rational function: the root's neighbours, the last two for the last root.
  index_t const first = problem.ascending[last ? i - 1 : i];
  index_t const second = problem.ascending[last ? i : i + 1];
  T const w1 = problem.weights[first];
  T const w2 = problem.weights[second];
  index_t origin = last ? second : first;
  count_from(origin);
  T low = T(0);
  T high = last ? problem.total_weight * (T(1) + T(4) * epsilon) : delta[second] / T(2);
  T x = last ? high / T(2) : high;
  auto at = evaluate_secular(problem.weights, delta, size, x);
  // The first guess has the two poles with their own weights, and what the others are at x.
  T const others = at.f() - w1 / (delta[first] - x) - w2 / (delta[second] - x);
  if (last) {
    (at.f() <= T(0) ? low : high) = x;
  } else if (at.f() < T(0)) {
    origin = second;
    count_from(origin);
    low = -x;
    high = T(0);
  }
  bool fixed = last;
  T before = at.f();
  T next = weighted_model(others, w1, delta[first], w2, delta[second]).root(last);
  bool ended = false;
  for (int step = 0; step < most_steps; ++step) {
    if (!(next > low && next < high)) {
      // Far from the pole at 0 a bracket may span many orders of magnitude.
      T const smaller = std::min(std::abs(low), std::abs(high));
      T const larger = std::max(std::abs(low), std::abs(high));
      T const middle = smaller > T(0) && larger > T(4) * smaller ? std::sqrt(smaller * larger)
                                                                 : (smaller + larger) / T(2);
      next = low < T(0) ? -middle : middle;
      if (!(next > low && next < high)) {
        ended = true;
        break;
      }
    }
    x = next;
    at = evaluate_secular(problem.weights, delta, size, x);
    T const f = at.f();
    if (!(std::abs(f) > epsilon * at.error)) {
      ended = true;
      break;
    }
    (f < T(0) ? low : high) = x;
    if (step >= most_rational_steps) {
      next = low;
      continue;
    }
    if (f * before > T(0) && std::abs(f) > std::abs(before) / T(10)) {
      fixed = !fixed;
    }
    before = f;
    T const p1 = delta[first] - x;
    T const p2 = delta[second] - x;
    auto const model = !fixed && !last   ? middle_way(at, p1, p2)
                       : origin == first ? fixed_weight(at, w1, p1, p2)
                                         : fixed_weight(at, w2, p2, p1);
    T const root = x + model.root(last);
    next = root == x ? low : root;
  }
  for (index_t j = 0; j < size; ++j) {
    delta[j] -= x;
  }
  return {origin, x, ended && std::isfinite(x) && x != T(0)};
}

}  // namespace svf::cpu::detail
