// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cmath>
#include <type_traits>
#include <utility>
#include <vector>

#include <svfmath/core/concepts.hpp>
#include <svfmath/core/config.hpp>
#include <svfmath/core/detail/function_objects.hpp>
#include <svfmath/core/error.hpp>
#include <svfmath/core/matrix.hpp>
#include <svfmath/core/view_conversion.hpp>
#include <svfmath/factor/detail/inspect.hpp>
#include <svfmath/factor/detail/tail_fix.hpp>
#include <svfmath/factor/detail/triplets.hpp>
#include <svfmath/factor/svd_factors.hpp>
#include <svfmath/factor/svd_method.hpp>

namespace svf {

/// How exact factors of double matrices are to be; those of float and narrower ones are as exact as
/// their type either way.
enum class svd_accuracy {
  standard,  ///< what the method gives
  full,      ///< reconstruction and orthogonality of about 1e-14, never by way of AᵀA
};

struct factorize_options {
  svd_method method = svd_method::gram;
  svd_accuracy accuracy = svd_accuracy::standard;
};

namespace detail {

/// The triplets of A by a method of the primitive `svd`.
template <class Exec, class Space>
triplets<Space> direct_triplets(Exec& exec, matrix_view<double const, Space> a, direct_svd method) {
  index_t const r = std::min(a.rows, a.cols);
  triplets<Space> result(exec, r, a.rows, a.cols);
  auto s = make_vector<double>(exec, r);
  svd(exec, method, a, transposed(result.ut.view()), s.view(), result.vt.view());
  result.s.resize(std::size_t(r));
  result.lengths.resize(std::size_t(r), 1.0);
  copy(exec, s.view(), vector_view<double>(result.s.data(), r));
  return result;
}

/// The i-th element, counted row by row, of a matrix with ones on the diagonal.
struct identity_element {
  index_t cols;

  SVFMATH_HOST_DEVICE double operator()(index_t i) const {
    return i / cols == i % cols ? 1.0 : 0.0;
  }
};

/// The triplets of the zero matrix: s = 0 and unit vectors.
template <class Exec, class Space>
triplets<Space> zero_triplets(Exec& exec, index_t m, index_t n) {
  triplets<Space> result(exec, std::min(m, n), m, n);
  for (auto* const part : {&result.ut, &result.vt}) {
    transform(exec, vector_view<double, Space>(part->data(), part->size()),
              identity_element{part->cols()});
  }
  result.s.resize(std::size_t(result.ut.rows()), 0.0);
  result.lengths.resize(result.s.size(), 1.0);
  return result;
}

/// j where |v_ij| is the largest of its row up to rounding, otherwise the last column.
template <class Space>
struct place_of_largest {
  matrix_view<double const, Space> vt;
  vector_view<double const, Space> largest;

  SVFMATH_HOST_DEVICE index_t operator()(index_t i, index_t j) const {
    return std::abs(vt(i, j)) < (1.0 - 1e-6) * largest[i] ? vt.cols - 1 : j;
  }
};

/// The sign of v_ij at the place of row i.
template <class Space>
struct sign_at {
  matrix_view<double const, Space> vt;
  vector_view<index_t const, Space> place;

  SVFMATH_HOST_DEVICE double operator()(index_t i) const {
    return vt(i, place[i]) < 0.0 ? -1.0 : 1.0;
  }
};

/// For each row of Vᵀ, of any length, the sign of its largest |v|, of the first one where several
/// are equal up to rounding.
template <class Exec, class Space>
std::vector<double> row_signs(Exec& exec, matrix_view<double const, Space> vt) {
  auto values = make_vector<double>(exec, vt.rows);
  reduce_rows(exec, values.view(), vt.cols, 0.0, magnitude<double const, Space>{vt}, larger());
  auto place = make_vector<index_t>(exec, vt.rows);
  reduce_rows(exec, place.view(), vt.cols, vt.cols - 1,
              place_of_largest<Space>{vt, as_const(values.view())}, smaller());
  transform(exec, values.view(), sign_at<Space>{vt, as_const(place.view())});
  std::vector<double> signs(std::size_t(vt.rows));
  copy(exec, as_const(values.view()), vector_view<double>(signs.data(), vt.rows));
  return signs;
}

/// The factors of 2^exponent Σ_j s_j u_j v_jᵀ, or of its transpose, rounded to T: in descending
/// order of s, with the signs so turned that those of `row_signs` are positive.
template <class T, class Exec, class Space>
svd_factors<T, Space> finished(Exec& exec, triplets<Space> const& t, bool transpose, int exponent) {
  index_t const r = t.count();
  auto const order = descending(t.s);
  auto const signs = row_signs(exec, (transpose ? t.ut : t.vt).view());
  std::vector<double> of_ut;
  std::vector<double> of_vt;
  for (index_t const j : order) {
    of_ut.push_back(signs[std::size_t(j)] / t.lengths[std::size_t(j)]);
    of_vt.push_back(signs[std::size_t(j)]);
  }
  svd_factors<T, Space> result;
  result.u = make_matrix<T>(exec, (transpose ? t.vt : t.ut).cols(), r);
  result.s = make_vector<T>(exec, r);
  result.vt = make_matrix<T>(exec, r, (transpose ? t.ut : t.vt).cols());
  auto const u = transposed(result.u.view());
  auto const vt = result.vt.view();
  gather_rows(exec, t.ut.view(), as_vector(order), as_vector(std::as_const(of_ut)),
              transpose ? vt : u);
  gather_rows(exec, t.vt.view(), as_vector(order), as_vector(std::as_const(of_vt)),
              transpose ? u : vt);
  std::vector<T> s;
  for (index_t const j : order) {
    double const value = t.s[std::size_t(j)];
    s.push_back(static_cast<T>(std::ldexp(value, exponent)));
    expects(std::isfinite(s.back()), error_kind::numeric, "factorize: the singular value ",
            std::ldexp(value, exponent), " is beyond the range of the weights' type");
  }
  copy(exec, vector_view<T const>(s.data(), r), result.s.view());
  return result;
}

/// Checks W, takes the triplets of 2^−e A from `method(A, e)`, where A is W or its transpose, m >=
/// n, and finishes.
template <class Exec, class T, class Space, class Method>
svd_factors<wide_t<std::remove_const_t<T>>, Space> factorize_by(Exec& exec, matrix_view<T, Space> w,
                                                                Method&& method) {
  using value_type = wide_t<std::remove_const_t<T>>;
  double const largest = largest_entry(exec, "factorize", w);
  if (largest == 0.0) {
    return finished<value_type>(exec, zero_triplets<Exec, Space>(exec, w.rows, w.cols), false, 0);
  }
  int const exponent = scale_exponent(largest);
  bool const wide = w.rows < w.cols;
  return finished<value_type>(exec, method(wide ? transposed(w) : w, exponent), wide, exponent);
}

}  // namespace detail

/// W = U diag(σ) Vᵀ, the full thin SVD of W (m×n): U (m×r), σ (r, descending), Vᵀ (r×n) with
/// r = min(m,n), by the method `gram`. W is read in any order and not changed; it lies in the
/// memory of the policy, and the factors do.
///
/// Everything is computed in double and rounded once to the type of W, to float for 16-bit weights
/// (`factors_as` rounds further). For float:
/// ‖UΣVᵀ − W‖_F ≤ 1e-6 ‖W‖_F and ‖UᵀU − I‖_max, ‖VᵀV − I‖_max ≤ 1e-6, also for rank-deficient,
/// graded and clustered spectra. For double, AᵀA costs digits: σ below 1e-13 σ_1 may come out as 0,
/// so σ is within 1e-13 σ_1 and the reconstruction within 1e-13 √r ‖W‖_F (5e-13 measured for a
/// spectrum graded to 1e-12), but ‖UᵀU − I‖_max only within 1e-7 (1e-12 for Gaussian, 6e-10 for
/// graded matrices of 192²); divide_and_conquer and jacobi give about 1e-14 in all of them.
/// The largest |v_ij| of each row of Vᵀ is positive, the first one where several are equal up to
/// 1e-6, so files made twice are equal.
///
/// Throws `error{shape}` for a matrix without elements, `error{numeric}` naming the position of a
/// NaN or infinity, or if a σ overflows the type of W. The same bits on any number of threads.
/// About 3mn² + 5n³ flops for m >= n. Doubles of memory at once: 6n² for the eigenvectors of AᵀA,
/// then mn + n² beside the results, mn more for singular values below 1e-4 σ_1; and all the time mn
/// for a copy of W, which the CPU needs for all types but float. For a whole model, factor one
/// matrix per thread: factorize_each.hpp.
template <execution_policy Exec, matrix_for<Exec> W>
requires weight_scalar<matrix_value_t<W const>>
auto factorize(Exec& exec, W const& w)
    -> svd_factors<detail::wide_t<matrix_value_t<W const>>, typename Exec::space> {
  return detail::factorize_by(exec, as_matrix(w), [&](auto const& a, int exponent) {
    return detail::scaled_gram_triplets(exec, a, exponent);
  });
}

/// The same by the method that `options` name at run time; where `accuracy` is `full`,
/// divide_and_conquer takes the place of gram. Compiles all of them; call `factorize(exec, w)`
/// where the default will do.
template <execution_policy Exec, matrix_for<Exec> W>
requires weight_scalar<matrix_value_t<W const>>
auto factorize(Exec& exec, W const& w, factorize_options options)
    -> svd_factors<detail::wide_t<matrix_value_t<W const>>, typename Exec::space> {
  if (options.method == svd_method::gram && options.accuracy == svd_accuracy::standard) {
    return factorize(exec, w);
  }
  auto const method =
      options.method == svd_method::jacobi ? direct_svd::jacobi : direct_svd::divide_and_conquer;
  return detail::factorize_by(exec, as_matrix(w), [&](auto const& a, int exponent) {
    auto const scaled = detail::scaled_copy(exec, a, exponent);
    return detail::direct_triplets(exec, scaled.view(), method);
  });
}

}  // namespace svf
