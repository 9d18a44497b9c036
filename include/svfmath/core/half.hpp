// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <type_traits>

#include <svfmath/core/config.hpp>

/// The two 16-bit formats of weights, as bit patterns and as element types: IEEE binary16 (F16: 1
/// sign, 5 exponent, 10 fraction bits) and bfloat16 (BF16: the upper half of a float). Widening is
/// exact; narrowing rounds to the nearest, ties to even, and keeps infinities and NaNs what they
/// are.
namespace svf {

/// The float of a BF16 pattern. Exact.
SVFMATH_HOST_DEVICE constexpr float from_bf16(std::uint16_t bits) {
  return __builtin_bit_cast(float, std::uint32_t{bits} << 16);
}

/// The BF16 pattern nearest to `value`.
SVFMATH_HOST_DEVICE constexpr std::uint16_t to_bf16(float value) {
  std::uint32_t const bits = __builtin_bit_cast(std::uint32_t, value);
  bool const nan = (bits & 0x7FFFFFFFu) > 0x7F800000u;
  // The quiet bit keeps a NaN whose payload lies in the lower half from becoming an infinity.
  std::uint32_t const rounded = nan ? bits | 0x00400000u : bits + 0x7FFFu + ((bits >> 16) & 1u);
  return std::uint16_t(rounded >> 16);
}

/// The float of an F16 pattern. Exact.
SVFMATH_HOST_DEVICE constexpr float from_f16(std::uint16_t bits) {
  std::uint32_t const sign = std::uint32_t{bits & 0x8000u} << 16;
  std::uint32_t const magnitude = bits & 0x7FFFu;
  // Subnormal: the fraction counts multiples of 2⁻²⁴. Otherwise the exponent moves from bias 15
  // to bias 127, or to the top if it marks an infinity or NaN.
  std::uint32_t const subnormal = __builtin_bit_cast(std::uint32_t, float(magnitude) * 0x1p-24f);
  std::uint32_t const bias = magnitude < 0x7C00u ? 112u << 23 : 224u << 23;
  std::uint32_t const normal = (magnitude << 13) + bias;
  return __builtin_bit_cast(float, sign | (magnitude < 0x0400u ? subnormal : normal));
}

/// The F16 pattern nearest to `value`; magnitudes from 65520 up become infinite.
SVFMATH_HOST_DEVICE constexpr std::uint16_t to_f16(float value) {
  std::uint32_t const bits = __builtin_bit_cast(std::uint32_t, value);
  std::uint32_t const sign = (bits >> 16) & 0x8000u;
  std::uint32_t const magnitude = bits & 0x7FFFFFFFu;
  constexpr std::uint32_t infinity = 0x7F800000u;
  constexpr std::uint32_t overflow = __builtin_bit_cast(std::uint32_t, 65520.0f);
  constexpr std::uint32_t smallest_normal = __builtin_bit_cast(std::uint32_t, 0x1p-14f);
  if (magnitude > infinity) {
    return std::uint16_t(sign | 0x7E00u | ((magnitude >> 13) & 0x3FFu));
  }
  if (magnitude >= overflow) {
    return std::uint16_t(sign | 0x7C00u);
  }
  if (magnitude < smallest_normal) {
    // Floats in [0.5, 1) are 2⁻²⁴ apart, so this addition rounds to multiples of 2⁻²⁴.
    float const rounded = __builtin_bit_cast(float, magnitude) + 0.5f;
    return std::uint16_t(sign | (__builtin_bit_cast(std::uint32_t, rounded) & 0x7FFu));
  }
  std::uint32_t const rounded = magnitude + 0xFFFu + ((magnitude >> 13) & 1u) - (112u << 23);
  return std::uint16_t(sign | (rounded >> 13));
}

/// A bfloat16 number: 8 significant bits, the range of float. A type to keep weights in: it widens
/// to float by itself, exactly, and is made from float or double on request, rounded to the nearest
/// (a double to float first).
struct bfloat16 {
  std::uint16_t bits;

  bfloat16() = default;
  SVFMATH_HOST_DEVICE constexpr explicit bfloat16(float value) : bits(to_bf16(value)) {}
  SVFMATH_HOST_DEVICE constexpr explicit bfloat16(double value) : bfloat16(float(value)) {}
  SVFMATH_HOST_DEVICE constexpr operator float() const { return from_bf16(bits); }
};

/// An IEEE binary16 number: 11 significant bits, magnitudes up to 65504. Otherwise as `bfloat16`.
struct float16 {
  std::uint16_t bits;

  float16() = default;
  SVFMATH_HOST_DEVICE constexpr explicit float16(float value) : bits(to_f16(value)) {}
  SVFMATH_HOST_DEVICE constexpr explicit float16(double value) : float16(float(value)) {}
  SVFMATH_HOST_DEVICE constexpr operator float() const { return from_f16(bits); }
};

/// The 16-bit element types.
template <class T>
concept half_scalar = std::is_same_v<T, bfloat16> || std::is_same_v<T, float16>;

namespace detail {

/// What sums of products of T are kept in: float for the 16-bit types, otherwise T itself.
template <class T>
using wide_t = std::conditional_t<half_scalar<T>, float, T>;

}  // namespace detail

}  // namespace svf
