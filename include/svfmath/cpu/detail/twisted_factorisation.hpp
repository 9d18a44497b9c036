// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <utility>
#include <vector>

#include <svfmath/core/view.hpp>
#include <svfmath/cpu/detail/gemm_kernel.hpp>

/// Twisted factorisations of a positive definite tridiagonal matrix T = L D Lᵀ (Dhillon and
/// Parlett, "Orthogonal eigenvectors and relative gaps", 2004). T − λI is factored from above,
/// L⁺ D⁺ L⁺ᵀ, and from below, U⁻ D⁻ U⁻ᵀ; joined at row r they give z with (T − λI) z = γ_r e_r and
/// z_r = 1. Of all rows r the one with the smallest |γ_r| is taken.
namespace svf::cpu::detail {

/// L D Lᵀ: D's diagonal d (n), the elements l (n−1) below L's ones, and d l and d l².
template <class T>
struct tridiagonal_ldl {
  std::vector<T> d;
  std::vector<T> l;
  std::vector<T> dl;
  std::vector<T> dll;
};

/// Of the matrix with the diagonal d (n >= 1) and the elements e (n−1) beside it; nothing if that
/// is not positive definite.
template <class T>
std::optional<tridiagonal_ldl<T>> factor_tridiagonal(T const* d, T const* e, index_t n) {
  tridiagonal_ldl<T> result;
  T pivot = d[0];
  for (index_t i = 0; i + 1 < n; ++i) {
    T const l = e[i] / pivot;
    result.d.push_back(pivot);
    result.l.push_back(l);
    result.dl.push_back(e[i]);
    result.dll.push_back(e[i] * l);
    pivot = d[i + 1] - e[i] * l;
    if (!(result.d.back() > T(0))) {
      return std::nullopt;
    }
  }
  result.d.push_back(pivot);
  return pivot > T(0) ? std::optional(std::move(result)) : std::nullopt;
}

/// Twisted factorisations of T − λI for as many λ at once as hide the latency of divisions.
template <class T>
class twisted_group {
  using vector = typename gemm_blocking<T>::vector;
  static constexpr int vectors = 4;
  static constexpr index_t lanes = gemm_blocking<T>::lanes;

 public:
  static constexpr index_t width = vectors * lanes;
  using values = std::array<T, std::size_t(width)>;

  /// Elements of memory for matrices of order n.
  static index_t memory(index_t n) { return 3 * n * width; }
  twisted_group(tridiagonal_ldl<T> const& ldl, T* memory)
      : ldl_(ldl),
        n_(index_t(ldl.d.size())),
        plus_(memory),
        minus_(plus_ + n_ * width),
        pivots_(minus_ + n_ * width) {}

  /// The vectors z with z_r = 1, γ_r and ‖z‖² for the eigenvalues λ. A λ that makes a pivot 0
  /// gives NaN for γ_r.
  void factor(values const& lambda) {
    factor_downwards(lambda.data());
    factor_upwards(lambda.data());
    multiply_upwards();
    multiply_downwards();
  }
  values const& gamma() const { return gamma_; }
  values const& square() const { return square_; }
  /// The i-th elements of the vectors.
  T const* z(index_t i) const { return plus_ + i * width; }

 private:
  /// L⁺ D⁺ L⁺ᵀ: l⁺, and s, where d⁺ = d + s.
  [[gnu::noinline]] void factor_downwards(T const* lambda) {
    vector shift[vectors];
    vector s[vectors];
#pragma GCC unroll 4
    for (int v = 0; v < vectors; ++v) {
      shift[v] = load<vector>(lambda + v * lanes);
      s[v] = -shift[v];
    }
    for (index_t i = 0; i + 1 < n_; ++i) {
      T const d = ldl_.d[std::size_t(i)];
      T const l = ldl_.l[std::size_t(i)];
      T const dl = ldl_.dl[std::size_t(i)];
#pragma GCC unroll 4
      for (int v = 0; v < vectors; ++v) {
        index_t const at = i * width + v * lanes;
        vector const plus = dl / (s[v] + d);
        store(pivots_ + at, s[v]);
        store(plus_ + at, plus);
        s[v] = plus * (l * s[v]) - shift[v];
      }
    }
#pragma GCC unroll 4
    for (int v = 0; v < vectors; ++v) {
      store(pivots_ + (n_ - 1) * width + v * lanes, s[v]);
    }
  }

  /// U⁻ D⁻ U⁻ᵀ: u⁻, and of all γ_i the smallest and its row.
  [[gnu::noinline]] void factor_upwards(T const* lambda) {
    vector shift[vectors];
    vector p[vectors];
    vector gamma[vectors];
    vector row[vectors];
#pragma GCC unroll 4
    for (int v = 0; v < vectors; ++v) {
      T const d = ldl_.d.back();
      shift[v] = load<vector>(lambda + v * lanes);
      gamma[v] = d + load<vector>(pivots_ + (n_ - 1) * width + v * lanes);
      row[v] = vector{} + T(n_ - 1);
      p[v] = d - shift[v];
    }
    for (index_t i = n_ - 2; i >= 0; --i) {
      T const d = ldl_.d[std::size_t(i)];
      T const l = ldl_.l[std::size_t(i)];
      T const dll = ldl_.dll[std::size_t(i)];
#pragma GCC unroll 4
      for (int v = 0; v < vectors; ++v) {
        index_t const at = i * width + v * lanes;
        vector const ratio = d / (dll + p[v]);
        vector const q = p[v] * ratio;
        vector const here = load<vector>(pivots_ + at) + q;
        auto const smaller = magnitude(here) < magnitude(gamma[v]);
        gamma[v] = smaller ? here : gamma[v];
        row[v] = smaller ? vector{} + T(i) : row[v];
        store(minus_ + at, ratio * l);
        p[v] = q - shift[v];
      }
    }
#pragma GCC unroll 4
    for (int v = 0; v < vectors; ++v) {
      store(gamma_.data() + v * lanes, gamma[v]);
      store(row_.data() + v * lanes, row[v]);
    }
  }

  /// z_r = 1 and z_i = −l⁺_i z_{i+1} above, 0 below; z takes the place of l⁺.
  [[gnu::noinline]] void multiply_upwards() {
    vector z[vectors] = {};
    vector square[vectors] = {};
    vector row[vectors];
#pragma GCC unroll 4
    for (int v = 0; v < vectors; ++v) {
      row[v] = load<vector>(row_.data() + v * lanes);
      T* const last = plus_ + (n_ - 1) * width + v * lanes;
      store(last, vector{});
    }
    for (index_t i = n_ - 1; i >= 0; --i) {
#pragma GCC unroll 4
      for (int v = 0; v < vectors; ++v) {
        T* const at = plus_ + i * width + v * lanes;
        vector const next = -load<vector>(at) * z[v];
        z[v] = row[v] == T(i) ? vector{} + T(1) : next;
        square[v] += z[v] * z[v];
        store(at, z[v]);
      }
    }
#pragma GCC unroll 4
    for (int v = 0; v < vectors; ++v) {
      store(square_.data() + v * lanes, square[v]);
    }
  }

  /// z_{i+1} = −u⁻_i z_i below r.
  [[gnu::noinline]] void multiply_downwards() {
    vector z[vectors] = {};
    vector square[vectors];
    vector row[vectors];
#pragma GCC unroll 4
    for (int v = 0; v < vectors; ++v) {
      row[v] = load<vector>(row_.data() + v * lanes);
      square[v] = load<vector>(square_.data() + v * lanes);
    }
    for (index_t i = 0; i + 1 < n_; ++i) {
#pragma GCC unroll 4
      for (int v = 0; v < vectors; ++v) {
        index_t const at = i * width + v * lanes;
        vector const here = row[v] == T(i) ? vector{} + T(1) : z[v];
        z[v] = -load<vector>(minus_ + at) * here;
        square[v] += z[v] * z[v];
        store(plus_ + at + width, load<vector>(plus_ + at + width) + z[v]);
      }
    }
#pragma GCC unroll 4
    for (int v = 0; v < vectors; ++v) {
      store(square_.data() + v * lanes, square[v]);
    }
  }

  [[gnu::always_inline]] static vector magnitude(vector x) { return x < vector{} ? -x : x; }

  tridiagonal_ldl<T> const& ldl_;
  index_t n_;
  T* plus_;    ///< (n,width) l⁺, then z
  T* minus_;   ///< (n,width) u⁻
  T* pivots_;  ///< (n,width) s
  values row_{};
  values gamma_{};
  values square_{};
};

}  // namespace svf::cpu::detail
