// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cmath>
#include <string_view>

#include <svfmath/core/error.hpp>
#include <svfmath/core/in_quotes.hpp>
#include <svfmath/core/view.hpp>

namespace svf {

/// What is kept while z changes the singular values.
enum class normalisation {
  none,     ///< σ' = σ∘z (the paper's W')
  nuclear,  ///< σ' = σ∘z · Σσ/Σ(σz): the nuclear norm of W stays (the released code)
};

constexpr std::string_view to_string(normalisation kind) {
  return kind == normalisation::none ? "none" : "nuclear";
}

/// The inverse of `to_string`. Throws `error{format}` for another word.
inline normalisation normalisation_from(std::string_view word) {
  if (word == "none") return normalisation::none;
  if (word == "nuclear") return normalisation::nuclear;
  fail(error_kind::format, "normalisation: expected none or nuclear, got ", in_quotes(word));
}

/// The factor c in σ' = c·σ∘z: 1 for `none`, Σσ/Σ(σz) for `nuclear`. Sums in double.
/// Throws `error{shape}` if the sizes differ, `error{numeric}` if Σ(σz) is not positive.
template <class S, class Z>
double normaliser(vector_view<S> s, vector_view<Z> z, normalisation kind) {
  expects(s.size == z.size, error_kind::shape, "normaliser: expected z of size ", s.size, ", got ",
          z.size);
  if (kind == normalisation::none) {
    return 1.0;
  }
  double kept = 0.0;
  double scaled = 0.0;
  for (index_t i = 0; i < s.size; ++i) {
    kept += double(s[i]);
    scaled += double(s[i]) * double(z[i]);
  }
  if (kept == 0.0) {
    return 1.0;  // W = 0 stays 0 for every z
  }
  expects(std::isfinite(scaled) && scaled > 0.0, error_kind::numeric,
          "normaliser: expected a positive sum of sigma*z, got ", scaled);
  return kept / scaled;
}

}  // namespace svf
