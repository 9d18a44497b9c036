// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>
#include <type_traits>

#include <svfmath/core/half.hpp>
#include <svfmath/core/random.hpp>

namespace {

// The value of an F16 pattern by the definition, in double.
double f16_value(std::uint16_t bits) {
  double const sign = (bits & 0x8000u) != 0 ? -1.0 : 1.0;
  int const exponent = (bits >> 10) & 31;
  int const fraction = bits & 1023;
  if (exponent == 31) {
    return fraction == 0 ? sign * HUGE_VAL : std::nan("");
  }
  return sign * (exponent == 0 ? std::ldexp(fraction, -24)
                               : std::ldexp(1024 + fraction, exponent - 25));
}

// The pattern nearest to a finite x >= 0 by search over all patterns, ties to even; `limit` is the
// first value that overflows, and stands for infinity when distances are compared.
template <class Value>
std::uint16_t nearest(double x, std::uint16_t infinity, double limit, Value value) {
  std::uint16_t low = 0;
  std::uint16_t high = infinity;
  while (high - low > 1) {
    auto const middle = std::uint16_t((low + high) / 2);
    (value(middle) <= x ? low : high) = middle;
  }
  double const above = (high == infinity ? limit : value(high)) - x;
  double const below = x - value(low);
  return above < below || (above == below && (high & 1u) == 0) ? high : low;
}

double bf16_value(std::uint16_t bits) {
  return double(std::bit_cast<float>(std::uint32_t{bits} << 16));
}

}  // namespace

TEST_CASE("half: every F16 and BF16 pattern widens exactly and narrows back") {
  for (std::uint32_t i = 0; i < 0x10000; ++i) {
    auto const bits = std::uint16_t(i);
    double const expected = f16_value(bits);
    float const f16 = svf::from_f16(bits);
    float const bf16 = svf::from_bf16(bits);
    bool good = std::isnan(expected) ? std::isnan(f16) : double(f16) == expected;
    good = good && std::signbit(f16) == ((bits & 0x8000u) != 0);
    // A signalling NaN may come back quiet, which sets the highest bit of its fraction.
    std::uint16_t const f16_back = svf::to_f16(f16);
    std::uint16_t const bf16_back = svf::to_bf16(bf16);
    good = good && (f16_back == bits || (std::isnan(f16) && f16_back == (bits | 0x0200u)));
    good = good && (bf16_back == bits || (std::isnan(bf16) && bf16_back == (bits | 0x0040u)));
    if (!good) {
      CAPTURE(i);
      CHECK(good);
    }
  }
}

TEST_CASE("half: narrowing rounds to the nearest, ties to even") {
  svf::generator random(42);
  for (int round = 0; round < 300'000; ++round) {
    // All exponents; every other time few bits of fraction, so that ties occur.
    std::uint64_t const word = random();
    std::uint32_t const bits =
        std::uint32_t(word) & (round % 2 == 0 ? 0xFFFFFFFFu : ~((1u << (word >> 60)) - 1u));
    float const x = std::bit_cast<float>(bits);
    if (!std::isfinite(x)) {
      continue;
    }
    double const magnitude = std::abs(double(x));
    auto const sign = std::uint16_t(std::signbit(x) ? 0x8000u : 0u);
    bool const overflows = magnitude >= 65520.0;
    std::uint16_t const f16 =
        overflows ? std::uint16_t{0x7C00} : nearest(magnitude, 0x7C00, 65536.0, f16_value);
    std::uint16_t const bf16 = nearest(magnitude, 0x7F80, std::ldexp(1.0, 128), bf16_value);
    if (svf::to_f16(x) != (sign | f16) || svf::to_bf16(x) != (sign | bf16)) {
      CAPTURE(bits);
      CHECK(svf::to_f16(x) == (sign | f16));
      CHECK(svf::to_bf16(x) == (sign | bf16));
    }
  }
}

TEST_CASE("half: the edges of the ranges") {
  CHECK(svf::to_f16(65504.0f) == 0x7BFF);
  CHECK(svf::to_f16(std::nextafter(65520.0f, 0.0f)) == 0x7BFF);
  CHECK(svf::to_f16(65520.0f) == 0x7C00);
  CHECK(svf::to_f16(-HUGE_VALF) == 0xFC00);
  CHECK(svf::to_f16(0x1p-24f) == 0x0001);
  CHECK(svf::to_f16(0x1p-25f) == 0x0000);
  CHECK(svf::to_f16(std::nextafter(0x1p-25f, 1.0f)) == 0x0001);
  CHECK(svf::to_f16(0x1.ffcp-15f) == 0x0400);  // between the subnormals and 2^-14, rounds up
  CHECK(svf::to_f16(-0.0f) == 0x8000);
  CHECK(svf::to_bf16(std::numeric_limits<float>::max()) == 0x7F80);
  CHECK(svf::to_bf16(std::bit_cast<float>(0x7F800001u)) == 0x7FC0);
  CHECK(svf::to_bf16(std::bit_cast<float>(0x00008000u)) == 0x0000);
  CHECK(svf::to_bf16(std::bit_cast<float>(0x00018000u)) == 0x0002);
  static_assert(svf::from_f16(0x3C00) == 1.0f && svf::to_f16(1.0f) == 0x3C00);
  static_assert(svf::from_bf16(0x3F80) == 1.0f && svf::to_bf16(1.0f) == 0x3F80);
}

TEST_CASE("half: the element types widen by themselves and round where asked to") {
  static_assert(sizeof(svf::bfloat16) == 2 && sizeof(svf::float16) == 2);
  static_assert(std::is_trivially_copyable_v<svf::bfloat16> &&
                std::is_trivially_copyable_v<svf::float16>);
  static_assert(!std::is_convertible_v<float, svf::bfloat16> &&
                !std::is_convertible_v<float, svf::float16>);
  static_assert(svf::half_scalar<svf::bfloat16> && svf::half_scalar<svf::float16> &&
                !svf::half_scalar<float>);
  CHECK(svf::bfloat16(1.00390625f) == 1.0f);  // a tie goes to the even pattern
  CHECK(svf::bfloat16(1.01171875) == 1.015625f);
  CHECK(svf::float16(0.1f) == svf::from_f16(0x2E66));
  CHECK(svf::float16(1e6) == HUGE_VALF);
  CHECK(svf::bfloat16(-3.0) * 2.0f == -6.0f);
  CHECK(std::isnan(svf::float16(std::nan(""))));
}
