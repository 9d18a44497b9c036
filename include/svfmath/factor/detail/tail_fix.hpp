// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cmath>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <span>
#include <type_traits>
#include <utility>
#include <vector>

#include <svfmath/core/config.hpp>
#include <svfmath/core/matrix.hpp>
#include <svfmath/core/random.hpp>
#include <svfmath/core/view.hpp>
#include <svfmath/core/view_conversion.hpp>
#include <svfmath/factor/detail/inspect.hpp>
#include <svfmath/factor/detail/triplets.hpp>

/// Singular vectors from the eigenvectors of AᵀA, in rounds.
///
/// With G = AᵀA in double and G = V Λ Vᵀ, the columns of B = AV are s_j u_j with an error of about
/// ε s_1 each, so two of them, made unit vectors, have the inner product ε s_1²/(s_i s_j). That is
/// far below float's precision while s_j > τ s_1, τ = 1e-4, and meaningless below. The first round
/// accepts the columns above; every further round looks only at what is left of A outside the
/// accepted U, where the largest column sets a new scale, and so works the same way for graded,
/// clustered and rank-deficient matrices.
namespace svf::detail {

inline constexpr double tail_threshold = 1e-4;   // τ, against the largest of the round
inline constexpr double zero_threshold = 1e-13;  // against s_1: below, a direction A does not have

/// The rows of `norms`, in `order`, that the round accepts.
inline std::span<index_t const> accepted(std::vector<index_t> const& order,
                                         std::vector<double> const& norms, double largest) {
  double const top = norms[std::size_t(order.front())];
  double const least = std::max(tail_threshold * top, zero_threshold * largest);
  std::size_t count = 0;
  while (count < order.size() && norms[std::size_t(order[count])] >= least) {
    ++count;
  }
  return std::span<index_t const>(order).first(count);
}

/// How orthogonal eigenvectors need to be for factors of weights of type T, above 0 where less than
/// what double allows will do: rounding to float leaves errors of 2^−24 = 6e-8 in the vectors.
template <class T>
inline constexpr double orthogonality_for = std::same_as<T, double> ? 0.0 : 1e-8;

/// Eigenvectors of X Xᵀ (k×k) for X (k×m), one a row.
template <class Exec, class T, class Space>
matrix<double, Space> row_eigenvectors(Exec& exec, matrix_view<T const, Space> x,
                                       double orthogonality = 0.0) {
  auto g = make_matrix<double>(exec, x.rows, x.rows);
  auto values = make_vector<double>(exec, x.rows);
  gram(exec, transposed(x), g.view());
  eigh(exec, as_const(transposed(g.view())), values.view(), transposed(g.view()), orthogonality);
  return g;
}

/// The i-th standard normal of a stream.
struct normal_draw {
  random_stream random;

  SVFMATH_HOST_DEVICE double operator()(index_t i) const { return random.normal(std::uint64_t(i)); }
};

/// Orthonormal rows outside the span of those that are done, with s = 0 and the V that is left.
template <class Exec, class Space>
void fill_null_space(Exec& exec, triplets<Space>& t, matrix<double, Space> const& tail) {
  index_t const first = t.count();
  auto rest = t.ut.view().rows_range(first, t.missing());
  transform(exec, vector_view<double, Space>(rest.data, rest.size()),
            normal_draw{random_stream(0x5356u)});
  orthonormalise(exec, t.done(), rest);
  copy(exec, tail.view(), t.vt.view().rows_range(first, t.missing()));
  t.s.resize(std::size_t(t.ut.rows()), 0.0);
  t.lengths.resize(t.s.size(), 1.0);
}

/// One round: accepts the rows of B = `b` (k×m), of lengths `norms` and with V = `tail` (k×n), that
/// are long enough, and leaves the others in `tail`. In rounds after the first, B has lost only its
/// part along U to rounding at the size of s_1, and the new vectors are made orthogonal to U and
/// each other again.
template <class Exec, class Space>
void accept_rows(Exec& exec, triplets<Space>& t, matrix<double, Space> const& b,
                 std::vector<double> const& norms, matrix<double, Space>& tail, double& largest) {
  bool const first_round = t.count() == 0;
  auto const order = descending(norms);
  largest = first_round ? norms[std::size_t(order.front())] : largest;
  auto const good = accepted(order, norms, largest);
  index_t const count = index_t(good.size());
  if (count == 0) {
    fill_null_space(exec, t, tail);
    tail = matrix<double, Space>();
    return;
  }
  auto const fresh = t.ut.view().rows_range(t.count(), count);
  gather_unit_rows(exec, b.view(), norms, good, fresh);
  if (!first_round) {
    orthonormalise(exec, t.done(), fresh);
  }
  gather_rows(exec, as_const(tail.view()), as_vector(good),
              t.vt.view().rows_range(t.count(), count));
  for (index_t const row : good) {
    t.s.push_back(norms[std::size_t(row)]);
    t.lengths.push_back(1.0);
  }
  auto rest = make_matrix<double>(exec, tail.rows() - count, tail.cols());
  gather_rows(exec, as_const(tail.view()),
              as_vector(std::span<index_t const>(order).subspan(good.size())), rest.view());
  tail = std::move(rest);
}

/// The singular triplets of A (m×n), m >= n >= 1, not zero, in double with entries of size about 1
/// or in float where the backend multiplies that as double, from the eigenvectors of AᵀA, one a row
/// of `tail`. About 2mn² flops, and for k singular values below 1e-4 of the largest 11mnk + 5k³
/// more.
template <class Exec, class T, class Space>
triplets<Space> gram_triplets(Exec& exec, matrix_view<T const, Space> a,
                              matrix<double, Space> tail) {  // (k,n) V of what is left
  auto b = make_matrix<double>(exec, a.cols, a.rows);  // (k,m) V Aᵀ
  gemm(exec, 1.0, as_const(tail.view()), transposed(a), 0.0, b.view());
  auto const norms = row_norms(exec, as_const(b.view()));
  if (index_t(accepted(descending(norms), norms, 0.0).size()) == a.cols) {
    return {std::move(b), std::move(tail), norms, norms};
  }
  triplets<Space> result(exec, a.cols, a.rows, a.cols);
  double largest = 0.0;
  accept_rows(exec, result, b, norms, tail, largest);
  while (tail.rows() > 0) {
    b = {};
    b = make_matrix<double>(exec, tail.rows(), a.rows);
    gemm(exec, 1.0, as_const(tail.view()), transposed(a), 0.0, b.view());
    project_out(exec, result.done(), b.view());
    auto const q = row_eigenvectors(exec, as_const(b.view()));
    auto turned = make_matrix<double>(exec, tail.rows(), tail.cols());
    gemm(exec, 1.0, as_const(q.view()), as_const(tail.view()), 0.0, turned.view());
    tail = std::move(turned);
    gemm(exec, 1.0, as_const(tail.view()), transposed(a), 0.0, b.view());
    project_out(exec, result.done(), b.view());
    accept_rows(exec, result, b, row_norms(exec, as_const(b.view())), tail, largest);
  }
  return result;
}

/// The same with the eigenvectors computed here: mn² + 5n³ flops more.
template <class Exec, class T, class Space>
triplets<Space> gram_triplets(Exec& exec, matrix_view<T const, Space> a,
                              double orthogonality = 0.0) {
  return gram_triplets(exec, a, row_eigenvectors(exec, transposed(a), orthogonality));
}

/// Backends that multiply elements of type T as double without a copy of the matrix.
template <class Exec, class T>
concept multiplies_as_double =
    std::same_as<T, float> &&
    requires(Exec& exec, matrix_view<double, typename Exec::space> x,
             matrix_view<T const, typename Exec::space> a) {
      gemm(exec, 1.0, as_const(x), a, 0.0, x);
      gram(exec, a, x);
    };

/// The singular triplets of 2^−exponent A, A (m×n), m >= n >= 1, not zero; the entries of the
/// product are of size about 1.
template <class Exec, class T, class Space>
triplets<Space> scaled_gram_triplets(Exec& exec, matrix_view<T, Space> a, int exponent) {
  using value = std::remove_const_t<T>;
  if constexpr (multiplies_as_double<Exec, value>) {
    // Squares of floats are well within double's range.
    auto t = gram_triplets(exec, as_const(a), orthogonality_for<value>);
    for (double& s : t.s) {
      s = std::ldexp(s, -exponent);
    }
    return t;
  } else {
    auto const scaled = scaled_copy(exec, a, exponent);
    return gram_triplets(exec, scaled.view(), orthogonality_for<value>);
  }
}

}  // namespace svf::detail
