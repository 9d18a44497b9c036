// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <type_traits>
#include <vector>

#include <tbb/enumerable_thread_specific.h>

#include <svfmath/core/detail/function_objects.hpp>
#include <svfmath/core/detail/recycled_memory.hpp>
#include <svfmath/core/error.hpp>
#include <svfmath/core/view.hpp>
#include <svfmath/cpu/detail/map_elements.hpp>
#include <svfmath/cpu/memory.hpp>
#include <svfmath/cpu/policy.hpp>

namespace svf::cpu {

namespace detail {

/// combine over i in [begin, end) of f(i): some of them side by side, so that none waits for the
/// one before.
template <class T, class F, class Combine>
T combined(index_t begin, index_t end, T init, F const& f, Combine const& combine) {
  constexpr index_t lanes = 16;
  T parts[lanes];
  std::fill_n(parts, lanes, init);
  index_t i = begin;
  for (; i + lanes <= end; i += lanes) {
    for (index_t lane = 0; lane < lanes; ++lane) {
      parts[lane] = combine(parts[lane], static_cast<T>(f(i + lane)));
    }
  }
  T value = init;
  for (; i < end; ++i) {
    value = combine(value, static_cast<T>(f(i)));
  }
  for (T const& part : parts) {
    value = combine(value, part);
  }
  return value;
}

}  // namespace detail

/// B(i,j) ← A(i,j) · d(j): the product A diag(d). A and B may be the same. The last argument, the
/// matrix that a product after it reads, is of use on a device only. Throws `error{shape}`.
template <policy Exec, class A, class D, class B, class Next = matrix_view<A>>
void scale_columns(Exec& exec, matrix_view<A> a, vector_view<D> d, matrix_view<B> b,
                   Next const& = {}) {
  expects(a.rows == b.rows && a.cols == b.cols && d.size == a.cols, error_kind::shape,
          "scale_columns: expected A m x n, d n, B m x n, got ", a.rows, "x", a.cols, ", ", d.size,
          ", ", b.rows, "x", b.cols);
  if (b.layout == order::row_major) {
    detail::map_by_rows(exec, a, b, [d](A x, index_t, index_t j) { return x * d[j]; });
  } else {
    detail::map_by_rows(exec, transposed(a), transposed(b),
                        [d](A x, index_t i, index_t) { return x * d[i]; });
  }
}

/// B(i,j) ← d(i) · A(i,j): the product diag(d) A. A and B may be the same. Throws `error{shape}`.
template <policy Exec, class D, class A, class B>
void scale_rows(Exec& exec, vector_view<D> d, matrix_view<A> a, matrix_view<B> b) {
  scale_columns(exec, transposed(a), d, transposed(b));
}

/// B(i,j) ← A(i,j) · D(rows(i),j), where rows(i) is a row of D. A and B may be the same; the last
/// argument as for `scale_columns`. Throws `error{shape}`.
template <policy Exec, class A, class D, class B, class Next = matrix_view<A>>
void scale_selected(Exec& exec, matrix_view<A> a, matrix_view<D> d,
                    vector_view<index_t const> rows, matrix_view<B> b, Next const& = {}) {
  expects(a.rows == b.rows && a.cols == b.cols && d.cols == a.cols && rows.size == a.rows,
          error_kind::shape, "scale_selected: expected A m x n, D k x n, m rows, B m x n, got ",
          a.rows, "x", a.cols, ", ", d.rows, "x", d.cols, ", ", rows.size, ", ", b.rows, "x",
          b.cols);
  for_each_index(exec, b.rows, [&](index_t i) {
    vector_view<D> const factors = d.row(rows[i]);
    for (index_t j = 0; j < b.cols; ++j) {
      b(i, j) = static_cast<B>(a(i, j) * factors[j]);
    }
  });
}

/// d(j) ← Σ_i A(i,j)·B(i,j): the diagonal of AᵀB, summed in double in an order that depends on the
/// number of rows and the layout of A alone. Throws `error{shape}`.
template <policy Exec, class A, class B, class D>
void column_dots(Exec& exec, matrix_view<A> a, matrix_view<B> b, vector_view<D> d) {
  expects(a.rows == b.rows && a.cols == b.cols && d.size == a.cols, error_kind::shape,
          "column_dots: expected A and B m x n and d n, got ", a.rows, "x", a.cols, ", ", b.rows,
          "x", b.cols, " and ", d.size);
  constexpr index_t piece = 64;
  for_each_index(exec, (a.cols + piece - 1) / piece, [&](index_t p) {
    index_t const first = p * piece;
    index_t const count = std::min(piece, a.cols - first);
    double sums[piece] = {};
    if (a.layout == order::row_major) {
      for (index_t i = 0; i < a.rows; ++i) {
        for (index_t j = 0; j < count; ++j) {
          sums[j] += double(a(i, first + j)) * double(b(i, first + j));
        }
      }
    } else {
      for (index_t j = 0; j < count; ++j) {
        sums[j] = detail::combined<double>(
            index_t{0}, a.rows, 0.0,
            [&](index_t i) { return double(a(i, first + j)) * double(b(i, first + j)); },
            svf::detail::sum());
      }
    }
    for (index_t j = 0; j < count; ++j) {
      d[first + j] = static_cast<D>(sums[j]);
    }
  });
}

/// B(j,:) ← A(rows(j),:). B must not overlap A. Throws `error{shape}`.
template <policy Exec, class A, class B>
void gather_rows(Exec& exec, matrix_view<A> a, vector_view<index_t const> rows,
                 matrix_view<B> b) {
  expects(b.rows == rows.size && a.cols == b.cols, error_kind::shape,
          "gather_rows: expected B ", rows.size, "x", a.cols, ", got ", b.rows, "x", b.cols);
  for_each_index(exec, rows.size, [&](index_t j) {
    copy(exec, a.row(rows[j]), b.row(j));
  });
}

/// B(j,:) ← factors(j) · A(rows(j),:), the product in the wider of both types. B must not overlap
/// A. Throws `error{shape}`.
template <policy Exec, class A, class F, class B>
void gather_rows(Exec& exec, matrix_view<A> a, vector_view<index_t const> rows,
                 vector_view<F> factors, matrix_view<B> b) {
  expects(b.rows == rows.size && b.rows == factors.size && a.cols == b.cols, error_kind::shape,
          "gather_rows: expected as many factors as rows and B ", rows.size, "x", a.cols, ", got ",
          factors.size, " and ", b.rows, "x", b.cols);
  if (a.layout == order::row_major && b.layout == order::col_major) {
    detail::map_across(exec, [&](index_t j) { return a.data + rows[j] * a.ld; }, transposed(b),
                       [&](A x, index_t, index_t j) { return factors[j] * x; });
    return;
  }
  for_each_index(exec, rows.size, [&](index_t j) {
    auto const from = a.row(rows[j]);
    auto const to = b.row(j);
    for (index_t k = 0; k < to.size; ++k) {
      to[k] = static_cast<B>(factors[j] * from[k]);
    }
  });
}

/// out(i) ← f(i) for i in [0, size). f must not depend on the order of the calls.
template <policy Exec, class T, class F>
void transform(Exec& exec, vector_view<T> out, F&& f) {
  constexpr index_t piece = 4096;
  for_each_index(exec, (out.size + piece - 1) / piece, [&](index_t p) {
    for (index_t i = p * piece; i < std::min(out.size, (p + 1) * piece); ++i) {
      out[i] = static_cast<T>(f(i));
    }
  });
}

/// out(i) ← combine over j of f(i,j), in an order that depends on `cols` alone. `combine` must be
/// associative and commutative up to rounding, `init` its neutral element.
template <policy Exec, class T, class F, class Combine>
void reduce_rows(Exec& exec, vector_view<T> out, index_t cols, T init, F&& f, Combine&& combine) {
  index_t const piece = std::max<index_t>(1, 4096 / std::max<index_t>(1, cols));
  for_each_index(exec, (out.size + piece - 1) / piece, [&](index_t p) {
    for (index_t i = p * piece; i < std::min(out.size, (p + 1) * piece); ++i) {
      out[i] = detail::combined<T>(index_t{0}, cols, init, [&](index_t j) { return f(i, j); },
                                   combine);
    }
  });
}

/// combine over i in [0, count) of f(i), in pieces of fixed size, so the same bits on any number of
/// threads. `combine` must be associative and commutative up to rounding, `init` its neutral
/// element.
template <policy Exec, class T, class F, class Combine>
T reduce(Exec& exec, index_t count, T init, F&& f, Combine&& combine) {
  constexpr index_t piece = 4096;
  index_t const pieces = (count + piece - 1) / piece;
  std::vector<T> partial(std::size_t(pieces), init);
  for_each_index(exec, pieces, [&](index_t p) {
    partial[std::size_t(p)] = detail::combined<T>(
        p * piece, std::min(count, (p + 1) * piece), init, f, combine);
  });
  T value = init;
  for (T const& part : partial) {
    value = combine(value, part);
  }
  return value;
}

/// What `begin_reduce` returns: here, a result that is there already.
template <class T>
struct finished_reduction {
  static constexpr bool known_at_once = true;

  T value;
  T get() const { return value; }
};

/// `reduce`, whose result may be asked for later, by `get()`: a device goes on working until then.
template <policy Exec, class T, class F, class Combine>
finished_reduction<T> begin_reduce(Exec& exec, index_t count, T init, F&& f, Combine&& combine) {
  return {reduce(exec, count, init, f, combine)};
}

/// B(i,j) ← A(i,j) · f(j) for a function f without state that calls would change. `get()` of what
/// it returns is the first j where f(j) is NaN or infinite, or the number of columns. A and B may
/// be the same. Throws `error{shape}`.
template <policy Exec, class A, class F, class B>
finished_reduction<index_t> begin_scale_columns(Exec& exec, matrix_view<A> a, F const& f,
                                                matrix_view<B> b) {
  using value = std::invoke_result_t<F const&, index_t>;
  std::vector<value> factors(std::size_t(a.cols));
  index_t first_bad = a.cols;
  for (index_t j = a.cols - 1; j >= 0; --j) {
    value const factor = f(j);
    factors[std::size_t(j)] = factor;
    first_bad = std::isfinite(factor) ? first_bad : j;
  }
  scale_columns(exec, a, vector_view<value const>(factors.data(), a.cols), b);
  return {first_bad};
}

namespace detail {

/// body(local, i) for every i in [0, count), each by a `Local` of its own.
template <class Local, class Exec, class Body>
void for_each_problem_by(Exec& exec, index_t count, Body&& body) {
  tbb::enumerable_thread_specific<svf::detail::recycled_memory> memory;
  for_each_index(exec, count, [&](index_t i) {
    svf::detail::recycled_memory::use const here(memory.local());
    Local local;
    body(local, i);
  });
}

}  // namespace detail

/// body(local, i) for every i in [0, count): problems that have nothing to do with each other, each
/// solved by a policy `local` that one thread alone uses. In any order on `par`; `body` gives the
/// same bits whichever policy it is handed. Large blocks of memory go from one problem to the next:
/// until the end, every thread keeps up to 128 MiB of what `body` gives back.
template <policy Exec, class Body>
void for_each_problem(Exec& exec, index_t count, Body&& body) {
  if (count == 1) {
    body(exec, index_t{0});
    return;
  }
  detail::for_each_problem_by<seq>(exec, count, body);
}

}  // namespace svf::cpu
