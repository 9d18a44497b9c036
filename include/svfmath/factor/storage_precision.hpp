// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

#include <svfmath/core/error.hpp>
#include <svfmath/core/half.hpp>
#include <svfmath/core/in_quotes.hpp>
#include <svfmath/factor/svd_factors.hpp>
#include <svfmath/io/dtype.hpp>

namespace svf {

/// The element types in which files keep U and Vᵀ; σ is always in 32 bits.
enum class storage_precision {
  fp32,  ///< as computed
  bf16,  ///< half the size; W' loses about 2e-3 ‖W'‖_F
  fp16,  ///< half the size; W' loses about 3e-4 ‖W'‖_F
};

/// The word used in files and on the command line.
constexpr std::string_view to_string(storage_precision precision) noexcept {
  switch (precision) {
    case storage_precision::fp32: return "fp32";
    case storage_precision::bf16: return "bf16";
    case storage_precision::fp16: return "fp16";
  }
  return "unknown";
}

/// The precision a word names. Throws `error{format}` for any other word.
inline storage_precision storage_precision_from(std::string_view word) {
  for (auto const precision :
       {storage_precision::fp32, storage_precision::bf16, storage_precision::fp16}) {
    if (to_string(precision) == word) {
      return precision;
    }
  }
  fail(error_kind::format, "storage_precision_from: expected fp32, bf16 or fp16, got ",
       in_quotes(word));
}

/// The element type of U and Vᵀ in a file.
constexpr dtype dtype_of_precision(storage_precision precision) noexcept {
  switch (precision) {
    case storage_precision::bf16: return dtype::bf16;
    case storage_precision::fp16: return dtype::f16;
    default: return dtype::f32;
  }
}

/// The precision whose elements C++ code reads as T: float, bfloat16 or float16.
template <class T>
inline constexpr storage_precision precision_of = [] {
  static_assert(sizeof(T) == 0, "precision_of: files keep float, bfloat16 or float16");
  return storage_precision{};
}();
template <> inline constexpr storage_precision precision_of<float> = storage_precision::fp32;
template <> inline constexpr storage_precision precision_of<bfloat16> = storage_precision::bf16;
template <> inline constexpr storage_precision precision_of<float16> = storage_precision::fp16;

/// Factors whose U and Vᵀ a file of that precision can hold without change: rounded to nearest,
/// ties to even, and still float. Throws what `factors_as` throws.
template <class Exec>
svd_factors<float, typename Exec::space> rounded_factors(
    Exec& exec, svd_factors<float, typename Exec::space> factors, storage_precision precision) {
  switch (precision) {
    case storage_precision::bf16:
      return factors_as<float>(exec, factors_as<bfloat16>(exec, factors));
    case storage_precision::fp16:
      return factors_as<float>(exec, factors_as<float16>(exec, factors));
    default: return factors;
  }
}

}  // namespace svf
