// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <limits>
#include <string>
#include <vector>

#include <svfmath/core/error.hpp>
#include <svfmath/core/random.hpp>

#include "transformer/dequantize.hpp"

namespace {

using llama::gguf_type;

constexpr std::array all_types{gguf_type::f32,  gguf_type::f16,  gguf_type::bf16, gguf_type::q4_0,
                               gguf_type::q4_1, gguf_type::q5_0, gguf_type::q5_1, gguf_type::q8_0,
                               gguf_type::q4_k, gguf_type::q6_k};

// The value of a half by its definition.
double half(std::uint8_t const* at) {
  unsigned const bits = unsigned(at[0]) | unsigned(at[1]) << 8;
  double const sign = bits >> 15 ? -1.0 : 1.0;
  int const exponent = int(bits >> 10 & 31);
  double const fraction = double(bits & 1023) / 1024.0;
  return sign * std::ldexp(exponent == 0 ? fraction : 1.0 + fraction, std::max(exponent, 1) - 15);
}

unsigned bit(std::uint8_t const* at, int index) { return at[index / 8] >> (index % 8) & 1u; }

// Number `index` of a run of `width`-bit numbers of which each byte holds 8/width, where the
// elements go through `stride` bytes before they come back for the next bits.
unsigned packed(std::uint8_t const* at, int index, int width, int stride) {
  int const shift = index / stride * width;
  return at[index % stride] >> shift & ((1u << width) - 1u);
}

struct element {
  double value;
  double scale;  // the sum of the magnitudes of its terms: what rounding errors are relative to
};

element naive_q4_k(std::uint8_t const* block, int i) {
  // Six-bit numbers: the low ones of the first four groups are whole bytes' lower six bits; the
  // others have four bits in bytes 8 to 11 and two more on top of bytes 0 to 7.
  std::uint8_t const* const s = block + 4;
  int const g = i / 32;
  unsigned scale = 0;
  unsigned min = 0;
  for (int b = 0; b < 6; ++b) {
    if (g < 4) {
      scale |= bit(s + g, b) << b;
      min |= bit(s + g + 4, b) << b;
    } else {
      scale |= (b < 4 ? bit(s + g + 4, b) : bit(s + g - 4, b + 2)) << b;
      min |= (b < 4 ? bit(s + g + 4, b + 4) : bit(s + g, b + 2)) << b;
    }
  }
  unsigned const q = packed(block + 16 + 32 * (i / 64), i % 64, 4, 32);
  double const first = half(block) * scale * q;
  double const second = half(block + 2) * min;
  return {first - second, std::abs(first) + std::abs(second)};
}

element naive_q6_k(std::uint8_t const* block, int i) {
  int const half_index = i / 128;
  unsigned const low = packed(block + 64 * half_index, i % 128, 4, 64);
  unsigned const high = packed(block + 128 + 32 * half_index, i % 128, 2, 32);
  int const scale = std::int8_t(block[192 + i / 16]);
  double const value = half(block + 208) * scale * (int(low | high << 4) - 32);
  return {value, std::abs(value)};
}

element naive(gguf_type type, std::uint8_t const* block, int i) {
  auto const with_minimum = [](double d, unsigned q, double m) {
    return element{d * q + m, std::abs(d * q) + std::abs(m)};
  };
  auto const centred = [](double d, int q) { return element{d * q, std::abs(d * q)}; };
  switch (type) {
    case gguf_type::f32: {
      float value;
      std::memcpy(&value, block, 4);
      return {value, 0.0};
    }
    case gguf_type::f16: return {half(block), 0.0};
    case gguf_type::bf16: {
      std::array<std::uint8_t, 4> const bytes{0, 0, block[0], block[1]};
      float value;
      std::memcpy(&value, bytes.data(), 4);
      return {value, 0.0};
    }
    case gguf_type::q4_0: return centred(half(block), int(packed(block + 2, i, 4, 16)) - 8);
    case gguf_type::q4_1:
      return with_minimum(half(block), packed(block + 4, i, 4, 16), half(block + 2));
    case gguf_type::q5_0:
      return centred(half(block), int(packed(block + 6, i, 4, 16) | bit(block + 2, i) << 4) - 16);
    case gguf_type::q5_1:
      return with_minimum(half(block), packed(block + 8, i, 4, 16) | bit(block + 4, i) << 4,
                          half(block + 2));
    case gguf_type::q8_0: return centred(half(block), std::int8_t(block[2 + i]));
    case gguf_type::q4_k: return naive_q4_k(block, i);
    case gguf_type::q6_k: return naive_q6_k(block, i);
  }
  return {0.0, 0.0};
}

// Random blocks whose half-precision fields are finite: the second byte of each gets an exponent
// below 31.
std::vector<std::uint8_t> random_blocks(gguf_type type, int count, std::uint64_t seed) {
  auto const size = llama::block_of(type).bytes;
  std::vector<std::uint8_t> bytes(size * std::size_t(count));
  svf::random_stream const random(seed);
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    bytes[i] = std::uint8_t(random.bits(i) >> 56);
  }
  for (std::size_t at = 0; at < bytes.size(); at += size) {
    if (type == gguf_type::f32 || type == gguf_type::bf16) {
      bytes[at + size - 1] &= 0xBF;
    } else if (type == gguf_type::q6_k) {
      bytes[at + 209] &= 0xBF;
    } else {
      bytes[at + 1] &= 0xBF;
      if (type == gguf_type::q4_1 || type == gguf_type::q5_1 || type == gguf_type::q4_k) {
        bytes[at + 3] &= 0xBF;  // a minimum follows the scale
      }
    }
  }
  return bytes;
}

}  // namespace

TEST_CASE("dequantize: random blocks agree with the formats' definitions in double precision") {
  constexpr int count = 200;
  for (gguf_type const type : all_types) {
    auto const block = llama::block_of(type);
    for (std::uint64_t seed = 1; seed <= 3; ++seed) {
      auto const bytes = random_blocks(type, count, seed);
      std::vector<float> out(block.elements * count);
      llama::dequantize(type, std::as_bytes(std::span(bytes)), out);
      double worst = 0.0;
      for (std::size_t i = 0; i < out.size(); ++i) {
        auto const expected = naive(type, bytes.data() + i / block.elements * block.bytes,
                                    int(i % block.elements));
        // Up to three roundings, each relative to the largest term.
        double const allowed = 4.0 * std::numeric_limits<float>::epsilon() * expected.scale;
        double const error = std::abs(double(out[i]) - expected.value);
        worst = std::max(worst, error - allowed);
      }
      INFO(llama::to_string(type), " seed ", seed);
      CHECK(worst <= 0.0);
    }
  }
}

TEST_CASE("dequantize: reads blocks at any alignment") {
  for (gguf_type const type : all_types) {
    auto const block = llama::block_of(type);
    auto const bytes = random_blocks(type, 3, 9);
    std::vector<float> expected(block.elements * 3);
    llama::dequantize(type, std::as_bytes(std::span(bytes)), expected);
    std::vector<std::uint8_t> shifted(bytes.size() + 1);
    std::memcpy(shifted.data() + 1, bytes.data(), bytes.size());
    std::vector<float> out(expected.size());
    llama::dequantize(type, std::as_bytes(std::span(shifted).subspan(1)), out);
    CHECK(out == expected);
  }
}

TEST_CASE("dequantize: a block by hand for each order of nibbles") {
  std::vector<std::uint8_t> block(18, 0);
  block[1] = 0x3C;  // d = 1
  block[2] = 0x9F;  // elements 0 and 16
  std::vector<float> out(32);
  llama::dequantize(gguf_type::q4_0, std::as_bytes(std::span(block)), out);
  CHECK(out[0] == 7.0f);
  CHECK(out[16] == 1.0f);
  CHECK(out[1] == -8.0f);
}

TEST_CASE("dequantize: sizes that do not fit are refused") {
  std::vector<std::byte> const bytes(40);
  std::vector<float> out(64);
  CHECK_NOTHROW(llama::dequantize(gguf_type::q4_1, bytes, out));
  CHECK_THROWS_AS(llama::dequantize(gguf_type::q4_0, bytes, out), svf::error);
  CHECK_THROWS_AS(llama::dequantize(gguf_type::q4_1, bytes, std::span(out).first(32)), svf::error);
  CHECK_THROWS_AS(llama::dequantize(gguf_type(99), bytes, out), svf::error);
}

TEST_CASE("dequantize: types have the ids and names of the format") {
  for (gguf_type const type : all_types) {
    CHECK(llama::gguf_type_from_id(std::int32_t(type)) == type);
  }
  CHECK(llama::to_string(gguf_type::q6_k) == "Q6_K");
  CHECK_FALSE(llama::gguf_type_from_id(4).has_value());
  CHECK_FALSE(llama::gguf_type_from_id(-1).has_value());
}
