// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <svfmath/apply/normalisation.hpp>
#include <svfmath/core/concepts.hpp>
#include <svfmath/core/matrix.hpp>

namespace svf {

/// The singular values an expert gives: σ' = c·σ∘z (r), with c from `normalisation`.
/// Throws `error{shape}` unless z has r entries, and what `normaliser` throws. O(r).
template <execution_policy Exec, class S, class Z>
auto expert_spectrum(Exec& exec, vector_view<S, typename Exec::space> s,
                     vector_view<Z, typename Exec::space> z,
                     normalisation kind = normalisation::none) {
  using value = std::remove_const_t<S>;
  double const c = normaliser(s, z, kind);
  vector<value, typename Exec::space> result(s.size);
  transform(exec, result.view(),
            [=](index_t i) { return static_cast<value>(c * double(s[i]) * double(z[i])); });
  return result;
}

}  // namespace svf
