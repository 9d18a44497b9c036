// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <bit>
#include <cstdint>

/// The two 16-bit formats of weight files, as bit patterns: IEEE binary16 (F16: 1 sign, 5 exponent,
/// 10 fraction bits) and bfloat16 (BF16: the upper half of a float). Widening is exact; narrowing
/// rounds to the nearest, ties to even, and keeps infinities and NaNs what they are.
namespace svf {

/// The float of a BF16 pattern. Exact.
constexpr float from_bf16(std::uint16_t bits) {
  return std::bit_cast<float>(std::uint32_t{bits} << 16);
}

/// The BF16 pattern nearest to `value`.
constexpr std::uint16_t to_bf16(float value) {
  std::uint32_t const bits = std::bit_cast<std::uint32_t>(value);
  bool const nan = (bits & 0x7FFFFFFFu) > 0x7F800000u;
  // The quiet bit keeps a NaN whose payload lies in the lower half from becoming an infinity.
  std::uint32_t const rounded = nan ? bits | 0x00400000u : bits + 0x7FFFu + ((bits >> 16) & 1u);
  return std::uint16_t(rounded >> 16);
}

/// The float of an F16 pattern. Exact.
constexpr float from_f16(std::uint16_t bits) {
  std::uint32_t const sign = std::uint32_t{bits & 0x8000u} << 16;
  std::uint32_t const magnitude = bits & 0x7FFFu;
  // Subnormal: the fraction counts multiples of 2⁻²⁴. Otherwise the exponent moves from bias 15
  // to bias 127, or to the top if it marks an infinity or NaN.
  std::uint32_t const subnormal = std::bit_cast<std::uint32_t>(float(magnitude) * 0x1p-24f);
  std::uint32_t const bias = magnitude < 0x7C00u ? 112u << 23 : 224u << 23;
  std::uint32_t const normal = (magnitude << 13) + bias;
  return std::bit_cast<float>(sign | (magnitude < 0x0400u ? subnormal : normal));
}

/// The F16 pattern nearest to `value`; magnitudes from 65520 up become infinite.
constexpr std::uint16_t to_f16(float value) {
  std::uint32_t const bits = std::bit_cast<std::uint32_t>(value);
  std::uint32_t const sign = (bits >> 16) & 0x8000u;
  std::uint32_t const magnitude = bits & 0x7FFFFFFFu;
  constexpr std::uint32_t infinity = 0x7F800000u;
  constexpr std::uint32_t overflow = std::bit_cast<std::uint32_t>(65520.0f);
  constexpr std::uint32_t smallest_normal = std::bit_cast<std::uint32_t>(0x1p-14f);
  if (magnitude > infinity) {
    return std::uint16_t(sign | 0x7E00u | ((magnitude >> 13) & 0x3FFu));
  }
  if (magnitude >= overflow) {
    return std::uint16_t(sign | 0x7C00u);
  }
  if (magnitude < smallest_normal) {
    // Floats in [0.5, 1) are 2⁻²⁴ apart, so this addition rounds to multiples of 2⁻²⁴.
    float const rounded = std::bit_cast<float>(magnitude) + 0.5f;
    return std::uint16_t(sign | (std::bit_cast<std::uint32_t>(rounded) & 0x7FFu));
  }
  std::uint32_t const rounded = magnitude + 0xFFFu + ((magnitude >> 13) & 1u) - (112u << 23);
  return std::uint16_t(sign | (rounded >> 13));
}

}  // namespace svf
