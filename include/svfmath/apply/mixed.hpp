// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <svfmath/apply/expert_spectra.hpp>
#include <svfmath/apply/factored.hpp>
#include <svfmath/apply/row_selection.hpp>
#include <svfmath/core/concepts.hpp>
#include <svfmath/core/error.hpp>
#include <svfmath/core/view_conversion.hpp>
#include <svfmath/factor/svd_factors.hpp>

namespace svf {

/// A batch whose rows belong to different experts: y_t = U (σ'_{e(t)} ∘ (Vᵀ x_t)), where e(t) is
/// the row of `spectra` that `selection` gives row t. A batch of mixtures is the same over
/// `spectra.mixed(exec, mixtures)`.
///
/// x: T×n inputs in rows; y: T×m outputs, not overlapping x; selection: T choices among the rows of
/// `spectra`. Throws `error{shape}` if anything does not fit; y is then untouched. 2Tr(m+n) flops
/// against 2Tmn of the dense product, in two products that all rows share: the cost depends neither
/// on how many experts there are, nor on which rows take which. Waits for nothing on a device.
/// Deterministic: where all rows take one expert, the bits of `apply_factored` (under `nuclear` c
/// may differ in its last bits, as it is summed in another order).
template <execution_policy Exec, weight_scalar T, matrix_for<Exec> X, matrix_for<Exec> Y>
void apply_mixed(Exec& exec, svd_factors<T, typename Exec::space> const& factors,
                 expert_spectra<T, typename Exec::space> const& spectra,
                 row_selection<typename Exec::space> const& selection, X const& x, Y&& y) {
  auto const input = as_matrix(x);
  auto const output = as_matrix(y);
  detail::expect_batch("apply_mixed", factors, input, output);
  expects(spectra.rank() == factors.rank(), error_kind::shape,
          "apply_mixed: expected spectra of rank ", factors.rank(), ", got ", spectra.rank());
  expects(selection.size() == input.rows && selection.choices() == spectra.size(),
          error_kind::shape, "apply_mixed: expected a selection for ", input.rows, " rows among ",
          spectra.size(), " spectra, got one for ", selection.size(), " among ",
          selection.choices());
  detail::factored_product(exec, factors, input, output, [&](auto const& hidden, auto const& out) {
    scale_selected(exec, hidden, spectra.view(), selection.view(), out, factors.u.view());
  });
}

}  // namespace svf
