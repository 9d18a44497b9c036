// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <atomic>
#include <cmath>
#include <cstddef>
#include <limits>
#include <optional>
#include <vector>

#include <svfmath/core/view.hpp>
#include <svfmath/cpu/detail/gemm_packed.hpp>
#include <svfmath/cpu/detail/twisted_factorisation.hpp>
#include <svfmath/cpu/policy.hpp>

/// Eigenvectors of a positive definite tridiagonal matrix whose eigenvalues are known and well
/// separated, one by one and in O(n) each: with λ an eigenvalue, the z of a twisted factorisation
/// is the eigenvector at the r of the smallest |γ_r|. L and D fix even the smallest eigenvalues to
/// their own rounding error, so that what counts is the distance of eigenvalues relative to their
/// size.
namespace svf::cpu::detail {

/// The distance of every eigenvalue from its nearest neighbour; nothing if one of them is too small
/// for vectors that are orthogonal to within `orthogonality`. λ ascends.
template <class T>
std::optional<std::vector<T>> eigenvalue_gaps(std::vector<T> const& lambda, T orthogonality) {
  T const least = T(16) * std::numeric_limits<T>::epsilon() / orthogonality;
  std::vector<T> gaps(lambda.size(), std::abs(lambda.front()));
  for (std::size_t i = 1; i < lambda.size(); ++i) {
    T const gap = lambda[i] - lambda[i - 1];
    if (!(gap >= least * std::abs(lambda[i]))) {
      return std::nullopt;
    }
    gaps[i - 1] = i == 1 ? gap : std::min(gaps[i - 1], gap);
    gaps[i] = gap;
  }
  return gaps;
}

/// The rows of X (n×n) ← the eigenvectors of T = `ldl`, to its eigenvalues λ (n, ascending), which
/// become as accurate as L D Lᵀ lets them be; |v_iᵀ v_j| is within about `orthogonality` <= 1 and
/// ‖T v_i − λ_i v_i‖ within about nε‖T‖: rounding, which moves λ_i by some ε of itself, comes on
/// top. False, and X of no use, where that cannot be had: eigenvalues are too close, or λ is not
/// accurate enough. A vector of residual ρ is wrong by no more than the angle ρ/δ, where δ is the
/// distance of λ_i from other eigenvalues; λ_i changes by no more than a quarter of that, so that
/// none is found twice. About 20n² flops and 2n² divisions. The same bits on any number of threads.
template <class Exec, class T>
bool twisted_vectors(Exec& exec, tridiagonal_ldl<T> const& ldl, std::vector<T>& lambda,
                     matrix_view<T> x, T orthogonality) {
  using group = twisted_group<T>;
  constexpr int most_steps = 5;
  constexpr T epsilon = std::numeric_limits<T>::epsilon();
  index_t const n = x.rows;
  auto const gaps = eigenvalue_gaps(lambda, orthogonality);
  if (!gaps) {
    return false;
  }
  T const rounding = T(n) * epsilon * lambda.back();
  std::atomic<bool> good{true};
  for_each_index(exec, ceil_div(n, group::width), [&](index_t index) {
    gemm_workspace<T> memory(group::memory(n));
    group work(ldl, memory.data());
    index_t const first = index * group::width;
    index_t const count = std::min(group::width, n - first);
    typename group::values at;
    for (index_t k = 0; k < group::width; ++k) {
      at[std::size_t(k)] = lambda[std::size_t(std::min(first + k, n - 1))];
    }
    bool done = false;
    for (int step = 0; step < most_steps && !done; ++step) {
      work.factor(at);
      done = true;
      for (index_t k = 0; k < count; ++k) {
        auto const lane = std::size_t(k);
        T const gap = (*gaps)[std::size_t(first + k)];
        T const allowed = std::min(orthogonality / T(8) * gap, rounding);
        T const gamma = work.gamma()[lane];
        T const square = work.square()[lane];
        if (!std::isfinite(gamma) || !std::isfinite(square)) {
          done = false;
          at[lane] += T(4) * epsilon * at[lane];  // off a pivot of 0
        } else if (std::abs(gamma) > allowed * std::sqrt(square)) {
          done = false;
          at[lane] += gamma / square;  // to Rayleigh's quotient
        }
      }
    }
    typename group::values factor{};
    for (index_t k = 0; k < count; ++k) {
      auto const lane = std::size_t(k);
      auto const place = std::size_t(first + k);
      if (!done || !(std::abs(at[lane] - lambda[place]) <= (*gaps)[place] / T(4))) {
        good = false;
      }
      lambda[place] = at[lane];
      factor[lane] = T(1) / std::sqrt(work.square()[lane]);
    }
    for (index_t i = 0; i < n; ++i) {
      T const* const z = work.z(i);
      for (index_t k = 0; k < count; ++k) {
        x(first + k, i) = z[k] * factor[std::size_t(k)];
      }
    }
  });
  return good;
}

}  // namespace svf::cpu::detail
