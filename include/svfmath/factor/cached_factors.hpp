// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <concepts>
#include <utility>

#include <svfmath/core/concepts.hpp>
#include <svfmath/core/view.hpp>
#include <svfmath/factor/accuracy.hpp>
#include <svfmath/factor/content_digest.hpp>
#include <svfmath/factor/storage_precision.hpp>
#include <svfmath/factor/svd_factors.hpp>

namespace svf {

/// Factors of one matrix W as a cache keeps them, and how good they are.
template <class T, class Space = host_space>
struct cached_factors {
  svd_factors<T, Space> factors;
  factor_accuracy accuracy;   ///< of these factors: what rounding them costs is in it
  factor_accuracy unrounded;  ///< of the factors before that
  content_digest digest;      ///< of W
};

/// Rounds factors of W (m×n) to what a file of `precision` can hold, and measures them before and
/// after (once if nothing is rounded). `digest` stays zero where W lies on a device. Throws what
/// `measure_accuracy` throws.
template <execution_policy Exec, matrix_for<Exec> W>
cached_factors<float, typename Exec::space> factors_to_keep(
    Exec& exec, W const& w, svd_factors<float, typename Exec::space> factors,
    storage_precision precision) {
  cached_factors<float, typename Exec::space> result;
  if constexpr (std::same_as<typename Exec::space, host_space>) {
    result.digest = content_digest_of(w);
  }
  result.unrounded = measure_accuracy(exec, w, factors);
  result.accuracy = result.unrounded;
  result.factors = rounded_factors(exec, std::move(factors), precision);
  if (precision != storage_precision::fp32) {
    result.accuracy = measure_accuracy(exec, w, result.factors);
  }
  return result;
}

}  // namespace svf
