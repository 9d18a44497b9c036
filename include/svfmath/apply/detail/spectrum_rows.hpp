// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cmath>

#include <svfmath/apply/expert_mixtures.hpp>
#include <svfmath/core/config.hpp>
#include <svfmath/core/detail/function_objects.hpp>
#include <svfmath/core/error.hpp>
#include <svfmath/core/matrix.hpp>
#include <svfmath/core/transfer.hpp>
#include <svfmath/core/view_conversion.hpp>

/// How the rows of `expert_spectra` come about.
namespace svf::detail {

/// c·s(i)·z(k,i) with c = total / sums(k), or 1 without sums.
template <class S, class Z, class Space>
struct expert_element {
  vector_view<S const, Space> s;
  matrix_view<Z const, Space> z;
  vector_view<double const, Space> sums;
  double total;

  SVFMATH_HOST_DEVICE double operator()(index_t k, index_t i) const {
    double const c = sums.size == 0 ? 1.0 : total / sums[k];
    return c * double(s[i]) * double(z(k, i));
  }
};

/// Σ_k α_{g,k} sums(k).
template <class Space>
struct mixed_sum {
  vector_view<double const, Space> sums;
  mixture_entries<Space> mixtures;

  SVFMATH_HOST_DEVICE double operator()(index_t g) const {
    double total = 0.0;
    for (index_t p = mixtures.offsets[g]; p < mixtures.offsets[g + 1]; ++p) {
      total += mixtures.weights[p] * sums[mixtures.experts[p]];
    }
    return total;
  }
};

/// Σ_k w_{g,k} rows(k,i) with w_{g,k} = α_{g,k} sums(k) / totals(g), or α_{g,k} without sums.
template <class S, class Space>
struct mixed_element {
  matrix_view<S const, Space> rows;
  vector_view<double const, Space> sums;
  vector_view<double const, Space> totals;
  mixture_entries<Space> mixtures;

  SVFMATH_HOST_DEVICE double operator()(index_t g, index_t i) const {
    double value = 0.0;
    for (index_t p = mixtures.offsets[g]; p < mixtures.offsets[g + 1]; ++p) {
      index_t const k = mixtures.experts[p];
      double const weight = mixtures.weights[p] * (sums.size == 0 ? 1.0 : sums[k] / totals[g]);
      value += weight * double(rows(k, i));
    }
    return value;
  }
};

/// Stores f(k,i), rounded to S, and is i where it is NaN or infinite, otherwise the row's length.
template <class S, class F, class Space>
struct stored_element {
  F f;
  matrix_view<S, Space> rows;

  SVFMATH_HOST_DEVICE index_t operator()(index_t k, index_t i) const {
    S const value = static_cast<S>(f(k, i));
    rows(k, i) = value;
    return std::isfinite(value) ? rows.cols : i;
  }
};

/// rows(k,i) ← f(k,i). Throws `error{numeric}` naming the first row, called `row_name`, and the
/// first component of it where that is not finite. Waits.
template <class Exec, class F, class S, class Space>
void store_spectra(Exec& exec, F const& f, matrix_view<S, Space> rows, char const* row_name) {
  auto first_bad = make_vector<index_t>(exec, rows.rows);
  reduce_rows(exec, first_bad.view(), rows.cols, rows.cols, stored_element<S, F, Space>{f, rows},
              smaller());
  auto const here = readable(exec, as_const(first_bad.view()));
  auto const first = as_vector(here);
  for (index_t k = 0; k < first.size; ++k) {
    if (first[k] < rows.cols) {
      fail(error_kind::numeric, "expert_spectra: expected a finite sigma*z, got ",
           value_at(exec, as_const(rows), k, first[k]), " for ", row_name, " ", k, " at [",
           first[k], "]");
    }
  }
}

}  // namespace svf::detail
