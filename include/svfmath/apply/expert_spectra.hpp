// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cmath>
#include <concepts>

#include <svfmath/apply/detail/spectrum_rows.hpp>
#include <svfmath/apply/expert_mixtures.hpp>
#include <svfmath/core/concepts.hpp>
#include <svfmath/core/detail/function_objects.hpp>
#include <svfmath/core/error.hpp>
#include <svfmath/core/matrix.hpp>
#include <svfmath/core/transfer.hpp>
#include <svfmath/core/view_conversion.hpp>
#include <svfmath/expert/normalisation.hpp>
#include <svfmath/factor/svd_factors.hpp>

namespace svf {

/// The singular values σ'_k = c_k·σ∘z_k that each of E experts, or of G mixtures, gives one site:
/// E×r numbers in the memory of a policy, checked once, for `apply_mixed` to choose from. An expert
/// costs r numbers (16 KiB for r = 4096), so thousands of them stay where they are used.
template <weight_scalar T, class Space = host_space>
class expert_spectra {
 public:
  /// z: E×r, in the memory of the host or of the policy, such as
  /// `bank.rows().cols_range(site.offset, site.rank())`. Throws `error{shape}` unless E >= 1 and z
  /// has the rank of the factors, `error{numeric}` naming the first expert and component where σ'
  /// is not finite, or the expert for which c = Σσ/Σ(σz) of `nuclear` is undefined. O(Er); waits
  /// for the checks. Deterministic.
  template <execution_policy Exec, matrix_like Z>
  expert_spectra(Exec& exec, svd_factors<T, Space> const& factors, Z const& z,
                 normalisation kind = normalisation::none) {
    auto const there = detail::reachable(exec, as_matrix(z));
    auto const each = as_const(as_matrix(there));
    expects(each.rows >= 1 && each.cols == factors.rank(), error_kind::shape,
            "expert_spectra: expected z E x ", factors.rank(), " with E >= 1, got ", each.rows, "x",
            each.cols);
    detail::expert_element<wide, matrix_value_t<Z const>, Space> element{
        factors.s.view(), each, {}, 0.0};
    values_ = make_matrix<wide>(exec, each.rows, each.cols);
    store(exec, element, "expert");
    if (kind == normalisation::none) {
      return;
    }
    element.total =
        reduce(exec, each.cols, 0.0, detail::element<wide, Space>{factors.s.view()}, detail::sum());
    if (element.total == 0.0) {
      return;  // W = 0 stays 0 for every z, with c = 1
    }
    sums_ = make_vector<double>(exec, each.rows);
    reduce_rows(exec, sums_.view(), each.cols, 0.0, element, detail::sum());
    expect_positive_sums(exec, "expert");
    element.sums = sums_.view();
    store(exec, element, "expert");
  }

  /// The spectra of G mixtures of these: c·σ∘(Σ_k α_k z_k) = Σ_k w_k σ'_k with w = α, or under
  /// `nuclear` w_k = α_k s_k / Σ_j α_j s_j with s_k = Σ(σ z_k), so that c is the mixture's own. A
  /// sum in double, rounded once, of σ'_k that were rounded once. Throws `error{shape}` for
  /// mixtures of another number of experts, `error{numeric}` naming the first mixture and component
  /// where σ' is not finite, or the mixture whose Σ_j α_j s_j is not positive. r numbers to read
  /// for each entry of a mixture; waits for the checks. Deterministic.
  template <execution_policy Exec>
  expert_spectra mixed(Exec& exec, expert_mixtures<Space> const& mixtures) const {
    expects(mixtures.experts() == size(), error_kind::shape,
            "expert_spectra: expected mixtures of ", size(), " experts, got ", mixtures.experts());
    expert_spectra result;
    if (sums_.size() > 0) {
      result.sums_ = make_vector<double>(exec, mixtures.size());
      transform(exec, result.sums_.view(),
                detail::mixed_sum<Space>{sums_.view(), mixtures.entries()});
      result.expect_positive_sums(exec, "mixture");
    }
    result.values_ = make_matrix<wide>(exec, mixtures.size(), rank());
    result.store(exec,
                 detail::mixed_element<wide, Space>{values_.view(), sums_.view(),
                                                    result.sums_.view(), mixtures.entries()},
                 "mixture");
    return result;
  }

  /// Row k becomes row `from` of `other`, in the order of the policy's work: how an engine
  /// exchanges one expert for another. Throws `error{shape}` for rows that are not there, another
  /// rank or another normalisation. O(r).
  template <execution_policy Exec>
  void replace(Exec& exec, index_t k, expert_spectra const& other, index_t from = 0) {
    expects(k >= 0 && k < size() && from >= 0 && from < other.size() && other.rank() == rank() &&
                (sums_.size() > 0) == (other.sums_.size() > 0),
            error_kind::shape, "expert_spectra: expected rows below ", size(), " and ",
            other.size(), " of rank ", rank(), " and one normalisation, got rows ", k, " and ",
            from, " of rank ", other.rank());
    copy(exec, other.view().rows_range(from, 1), values_.view().rows_range(k, 1));
    if (sums_.size() > 0) {
      copy(exec, vector_view<double const, Space>(other.sums_.data() + from, 1),
           vector_view<double, Space>(sums_.data() + k, 1));
    }
  }

  /// The number of spectra, E or G, and of singular values, r.
  index_t size() const { return values_.rows(); }
  index_t rank() const { return values_.cols(); }
  /// All σ' (E×r), finite.
  matrix_view<detail::wide_t<T> const, Space> view() const { return values_.view(); }

 private:
  using wide = detail::wide_t<T>;

  expert_spectra() = default;

  template <class Exec, class Element>
  void store(Exec& exec, Element const& element, char const* row_name) {
    detail::store_spectra(exec, element, values_.view(), row_name);
  }

  template <class Exec>
  void expect_positive_sums(Exec& exec, char const* row_name) const {
    auto const here = detail::readable(exec, sums_.view());
    auto const sums = as_vector(here);
    for (index_t k = 0; k < sums.size; ++k) {
      expects(std::isfinite(sums[k]) && sums[k] > 0.0, error_kind::numeric,
              "expert_spectra: expected a positive sum of sigma*z, got ", sums[k], " for ",
              row_name, " ", k);
    }
  }

  matrix<wide, Space> values_;
  vector<double, Space> sums_;  // Σ_i σ_i z_{k,i} under `nuclear`, otherwise empty
};

}  // namespace svf
