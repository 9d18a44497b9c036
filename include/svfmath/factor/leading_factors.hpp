// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <span>

#include <svfmath/core/concepts.hpp>
#include <svfmath/core/error.hpp>
#include <svfmath/core/matrix.hpp>
#include <svfmath/core/random.hpp>
#include <svfmath/core/view_conversion.hpp>
#include <svfmath/factor/accuracy.hpp>
#include <svfmath/factor/factorize.hpp>
#include <svfmath/factor/svd_factors.hpp>

namespace svf {

struct leading_options {
  index_t oversampling = 8;   ///< directions beyond k that are searched and then dropped
  int power_iterations = 2;   ///< times that the search multiplies by W Wᵀ
  std::uint64_t seed = 0;     ///< of the random directions
};

/// How good the leading triplets are.
struct leading_accuracy {
  double left_to_base = 0.0;   ///< ‖W − UΣVᵀ‖_F / ‖W‖_F: the share that no z of them turns
  double triplets = 0.0;       ///< max_i ‖W v_i − σ_i u_i‖₂ / σ_1, bounds the errors of σ_i / σ_1
  double orthogonality = 0.0;  ///< max(‖UᵀU − I‖_max, ‖VᵀV − I‖_max)
};

/// W (m×n) with its k largest singular triplets, for experts that turn only these:
///
///   W' = W + U diag(σ∘(z − 1)) Vᵀ = R + U diag(σ∘z) Vᵀ,  R = W − U diag(σ) Vᵀ
///
/// In the first form, which the verbs of apply/leading.hpp compute, z = 1 gives W exactly (−0 as 0)
/// however rough the triplets are. The gradient by z is that of `triplets` (`gradient`).
template <scalar T, class Space = host_space>
struct leading_factors {
  matrix<T, Space> base;           ///< W (m,n)
  svd_factors<T, Space> triplets;  ///< u (m,k), s (k), vt (k,n)
  leading_accuracy accuracy;

  index_t rows() const { return base.rows(); }
  index_t cols() const { return base.cols(); }
  index_t rank() const { return triplets.rank(); }
};

namespace detail {

/// Those of the k largest s, in descending order.
template <class Exec, class Space>
triplets<Space> first_triplets(Exec& exec, triplets<Space> const& t, index_t k) {
  triplets<Space> result(exec, k, t.ut.cols(), t.vt.cols());
  auto const order = descending(t.s);
  auto const rows = std::span<index_t const>(order).first(std::size_t(k));
  gather_unit_rows(exec, t.ut.view(), t.lengths, rows, result.ut.view());
  gather_rows(exec, t.vt.view(), as_vector(rows), result.vt.view());
  for (index_t const row : rows) {
    result.s.push_back(t.s[std::size_t(row)]);
  }
  result.lengths.resize(result.s.size(), 1.0);
  return result;
}

/// Columns (l) that span about what the l largest singular vectors of A (m×n) span, orthonormal:
/// Halko, Martinsson, Tropp, "Finding structure with randomness" (2011), algorithm 4.4.
template <class Exec, class Space>
matrix<double, Space> range_of(Exec& exec, matrix_view<double const, Space> a, index_t l,
                               leading_options const& options) {
  auto right = make_matrix<double>(exec, a.cols, l);
  auto left = make_matrix<double>(exec, a.rows, l);
  transform(exec, vector_view<double, Space>(right.data(), right.size()),
            normal_draw{random_stream(options.seed)});
  for (int pass = 0;; ++pass) {
    gemm(exec, 1.0, a, as_const(right.view()), 0.0, left.view());
    qr(exec, left.view());
    if (pass == options.power_iterations) {
      return left;
    }
    gemm(exec, 1.0, transposed(a), as_const(left.view()), 0.0, right.view());
    qr(exec, right.view());
  }
}

/// The k largest singular triplets of A (m×n), m >= n, not zero.
template <class Exec, class Space>
triplets<Space> leading_triplets(Exec& exec, matrix_view<double const, Space> a, index_t k,
                                 leading_options const& options) {
  index_t const l = k + std::min(options.oversampling, a.cols - k);
  if (2 * l >= a.cols) {  // not cheaper than all of them
    return first_triplets(exec, gram_triplets(exec, a), k);
  }
  auto const q = range_of(exec, a, l, options);
  auto bt = make_matrix<double>(exec, a.cols, l);  // (QᵀA)ᵀ = Σ s_j v_j w_jᵀ, and u_j = Q w_j
  gemm(exec, 1.0, transposed(a), q.view(), 0.0, bt.view());
  auto const small = first_triplets(exec, gram_triplets(exec, as_const(bt.view())), k);
  triplets<Space> result(exec, k, a.rows, a.cols);
  gemm(exec, 1.0, small.vt.view(), transposed(q.view()), 0.0, result.ut.view());
  copy(exec, small.ut.view(), result.vt.view());
  result.s = small.s;
  result.lengths = small.lengths;
  return result;
}

/// max_i ‖A v_i − σ_i u_i‖₂ / σ_1, with A = W / 2^exponent.
template <class Exec, class T, class Space>
double triplet_error(Exec& exec, matrix_view<double const, Space> a, svd_factors<T, Space> const& f,
                     int exponent) {
  auto const vt = scaled_copy(exec, f.vt.view(), 0);
  auto products = scaled_copy(exec, transposed(f.u.view()), 0);  // (k,m)
  auto s = make_vector<double>(exec, f.rank());
  transform(exec, s.view(),
            scaled_element<T const, Space>{f.s.view(), std::ldexp(1.0, -exponent)});
  scale_rows(exec, as_const(s.view()), as_const(products.view()), products.view());
  gemm(exec, 1.0, vt.view(), transposed(a), -1.0, products.view());
  auto const norms = row_norms(exec, as_const(products.view()));
  double const largest = value_at(exec, as_const(s.view()), 0);
  return largest == 0.0 ? 0.0 : *std::max_element(norms.begin(), norms.end()) / largest;
}

}  // namespace detail

/// W (m×n) with its k largest singular triplets by random projection. W is copied; it and the
/// factors lie in the memory of the policy.
///
/// With l = k + oversampling and q power iterations the error of the triplets falls with
/// (σ_{l+1}/σ_k)^{2q+1} (Halko, Martinsson, Tropp 2011, section 9.3): small where the spectrum
/// decays, large for flat ones; `accuracy` says how good they are. σ_i is within
/// accuracy.triplets·σ_1 of a singular value of W. Where l is half of min(m,n) or more all triplets
/// are computed and k kept.
///
/// Throws `error{shape}` unless 1 <= k <= min(m,n), oversampling >= 0 and power_iterations >= 0,
/// and what `factorize` throws. About (4q + 6)mnl flops, and 6mnk for the accuracy. The same bits
/// for a seed on any number of threads.
template <execution_policy Exec, matrix_for<Exec> W>
requires scalar<matrix_value_t<W const>>
auto factorize_leading(Exec& exec, W const& w_like, index_t k, leading_options options = {})
    -> leading_factors<matrix_value_t<W const>, typename Exec::space> {
  using T = matrix_value_t<W const>;
  auto const w = as_matrix(w_like);
  expects(k >= 1 && k <= std::min(w.rows, w.cols), error_kind::shape,
          "factorize_leading: expected 1 <= k <= ", std::min(w.rows, w.cols), ", got ", k);
  expects(options.oversampling >= 0 && options.power_iterations >= 0, error_kind::shape,
          "factorize_leading: expected oversampling and power iterations >= 0, got ",
          options.oversampling, " and ", options.power_iterations);
  leading_factors<T, typename Exec::space> result;
  double const largest = detail::largest_entry(exec, "factorize_leading", w);
  int const exponent = detail::scale_exponent(largest);
  bool const wide = w.rows < w.cols;
  auto const a = detail::scaled_copy(exec, wide ? transposed(w) : w, exponent);
  auto const t = largest == 0.0 ? detail::first_triplets(
                                exec,
                                detail::zero_triplets<Exec, typename Exec::space>(
                                    exec, a.rows(), a.cols()),
                                k)
                          : detail::leading_triplets(exec, a.view(), k, options);
  result.triplets = detail::finished<T>(exec, t, wide, largest == 0.0 ? 0 : exponent);
  result.base = make_matrix<T>(exec, w.rows, w.cols);
  copy(exec, as_const(w), result.base.view());
  auto const all = detail::accuracy_of(exec, w, result.triplets);
  result.accuracy = {all.reconstruction,
                     detail::triplet_error(exec, wide ? transposed(a.view()) : a.view(),
                                           result.triplets, exponent),
                     all.orthogonality};
  return result;
}

}  // namespace svf
