// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cmath>
#include <type_traits>
#include <vector>

#include <svfmath/core/concepts.hpp>
#include <svfmath/core/error.hpp>
#include <svfmath/core/matrix.hpp>
#include <svfmath/core/view.hpp>
#include <svfmath/cpu.hpp>
#include <svfmath/cpu/detail/gemm_packed.hpp>
#include <svfmath/cpu/detail/lapack_routines.hpp>

/// CPU policies that hand eigenproblems in double to the machine's LAPACK. Link `svfmath::lapack`,
/// which is there where CMake found one (option SVFMATH_BLAS; CMake's BLA_VENDOR chooses among
/// several). Products stay ours: on one thread they are as fast as OpenBLAS's.
namespace svf::cpu {

/// `seq` or `par` with `eigh` in double by LAPACK; all else is the base's. Every call of the
/// library runs on one thread, and `par` divides work among calls in a way that does not depend on
/// the number of its threads: the same bits on any number of threads, as far as the library gives
/// the same for the same call. They are not the bits of the policy without LAPACK, nor of another
/// library or processor. OpenBLAS and BLIS have one number of threads for the whole program, which
/// is 1 during the calls and as before after them; MKL is told for the calling threads alone, and
/// no other library is told.
template <class Base>
class with_lapack : public Base {
 public:
  using Base::Base;
};

namespace detail {

inline constexpr index_t lapack_columns = 256;  ///< of Q, that one call transforms back
/// Beyond it LAPACK's 32-bit integers do not reach: dstedc wants n² + 4n + 1 doubles of workspace.
inline constexpr index_t lapack_order_limit = 46000;

/// λ and Q (by columns) of the symmetric G, its lower triangle by columns in `g`, which is used up.
template <class Exec>
void eigh_by_lapack(Exec& exec, index_t order, double* g, double* values, double* q) {
  int const n = int(order);
  std::vector<double> subdiagonal(std::size_t(n), 0.0);
  std::vector<double> tau(std::size_t(n), 0.0);
  int info = 0;
  {
    one_blas_thread const alone;
    std::vector<double> work(std::size_t(n) * std::size_t(n) + 4 * std::size_t(n) + 1);
    std::vector<int> integers(3 + 5 * std::size_t(n));
    int const size = int(work.size());
    int const integers_size = int(integers.size());
    lapack_dsytrd("L", &n, g, &n, values, subdiagonal.data(), tau.data(), work.data(), &size, &info,
                  1);
    expects(info == 0, error_kind::backend, "eigh: LAPACK's dsytrd returned ", info);
    lapack_dstedc("I", &n, values, subdiagonal.data(), q, &n, work.data(), &size, integers.data(),
                  &integers_size, &info, 1);
    expects(info >= 0, error_kind::backend, "eigh: LAPACK's dstedc returned ", info);
    expects(info == 0, error_kind::numeric, "eigh: the iteration did not converge for n = ", n);
  }
  for_each_index(exec, ceil_div(order, lapack_columns), [&](index_t block) {
    index_t const first = block * lapack_columns;
    int const count = int(std::min(lapack_columns, order - first));
    std::vector<double> work(64 * std::size_t(lapack_columns) + 64 * 65);  // blocks of up to 64
    int const size = int(work.size());
    int failed = 0;
    one_blas_thread const alone;
    lapack_dormtr("L", "L", "N", &n, &count, g, &n, tau.data(), q + first * order, &n, work.data(),
                  &size, &failed, 1, 1, 1);
    expects(failed == 0, error_kind::backend, "eigh: LAPACK's dormtr returned ", failed);
  });
}

}  // namespace detail

/// `eigh` by LAPACK's dsytrd, dstedc (divide and conquer) and dormtr: the same promises as the
/// base's for any `orthogonality`. Beyond n = 46000, which 32-bit integers do not reach, it is the
/// base's. About 4n³ to 5n³ flops, of which `par` divides the last 2n³, the back-transformation.
template <class Base>
void eigh(with_lapack<Base>& exec, std::type_identity_t<matrix_view<double const>> g,
          vector_view<double> values, matrix_view<double> vectors, double orthogonality = 0.0) {
  index_t const n = g.rows;
  bool const fits = g.cols == n && values.size == n && vectors.rows == n && vectors.cols == n;
  if (!fits || n == 0 || n > detail::lapack_order_limit) {
    eigh(static_cast<Base&>(exec), g, values, vectors, orthogonality);
    return;
  }
  matrix<double> lower(n, n);
  auto const by_columns = transposed(lower.view());
  double largest = 0.0;
  for (index_t j = 0; j < n; ++j) {
    for (index_t i = j; i < n; ++i) {
      double const element = g(i, j);
      expects(std::isfinite(element), error_kind::numeric,
              "eigh: expected finite elements, got ", element, " at (", i, ",", j, ")");
      largest = std::max(largest, std::abs(element));
      by_columns(i, j) = element;
    }
  }
  double const scale = largest > 0.0 ? largest : 1.0;
  for (index_t j = 0; j < n; ++j) {
    for (index_t i = j; i < n; ++i) {
      by_columns(i, j) /= scale;
    }
  }
  matrix<double> q(n, n);
  std::vector<double> ascending(static_cast<std::size_t>(n));
  detail::eigh_by_lapack(static_cast<Base&>(exec), n, lower.data(), ascending.data(), q.data());
  for (index_t j = 0; j < n; ++j) {
    values[j] = ascending[std::size_t(j)] * scale;
  }
  copy(exec, transposed(as_const(q.view())), vectors);
}

/// `svd` of the base, whose half a minute of compile time is not spent for this policy again.
template <class Base, class T>
void svd(with_lapack<Base>& exec, direct_svd method, std::type_identity_t<matrix_view<T const>> a,
         matrix_view<T> u, vector_view<T> s, matrix_view<T> vt) {
  svd(static_cast<Base&>(exec), method, a, u, s, vt);
}

/// As for the base; each problem by a `with_lapack<seq>`.
template <class Base, class Body>
void for_each_problem(with_lapack<Base>& exec, index_t count, Body&& body) {
  if (count == 1) {
    body(exec, index_t{0});
    return;
  }
  detail::for_each_problem_by<with_lapack<seq>>(exec, count, body);
}

static_assert(execution_policy<with_lapack<seq>> && execution_policy<with_lapack<par>>);

}  // namespace svf::cpu
