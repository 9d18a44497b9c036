// SPDX-License-Identifier: Apache-2.0
#include "dequantize.hpp"

#include <array>
#include <bit>
#include <cstring>

#include <svfmath/core/error.hpp>
#include <svfmath/core/half.hpp>

namespace llama {

namespace {

static_assert(std::endian::native == std::endian::little, "GGUF blocks are little-endian");

struct type_row {
  gguf_type type;
  std::string_view name;
  gguf_block block;
};

constexpr std::array types{
    type_row{gguf_type::f32, "F32", {1, 4}},      type_row{gguf_type::f16, "F16", {1, 2}},
    type_row{gguf_type::bf16, "BF16", {1, 2}},    type_row{gguf_type::q4_0, "Q4_0", {32, 18}},
    type_row{gguf_type::q4_1, "Q4_1", {32, 20}},  type_row{gguf_type::q5_0, "Q5_0", {32, 22}},
    type_row{gguf_type::q5_1, "Q5_1", {32, 24}},  type_row{gguf_type::q8_0, "Q8_0", {32, 34}},
    type_row{gguf_type::q4_k, "Q4_K", {256, 144}}, type_row{gguf_type::q6_k, "Q6_K", {256, 210}},
};

type_row const& row_of(gguf_type type) {
  for (auto const& row : types) {
    if (row.type == type) {
      return row;
    }
  }
  svf::fail(svf::error_kind::format, "gguf_type: ", std::int32_t(type), " is not a known type");
}

using block_pointer = std::uint8_t const*;

template <class T>
T load(block_pointer from) {
  T value;
  std::memcpy(&value, from, sizeof value);
  return value;
}

float load_half(block_pointer from) {
  return svf::from_f16(load<std::uint16_t>(from));
}

// Each `decode_…` turns one block at `in` into its elements at `out`. Loops are over fixed counts
// without branches so that compilers turn them into vector code.

void decode_f32(block_pointer in, float* out) {
  *out = load<float>(in);
}
void decode_f16(block_pointer in, float* out) {
  *out = load_half(in);
}
void decode_bf16(block_pointer in, float* out) {
  *out = svf::from_bf16(load<std::uint16_t>(in));
}

void decode_q4_0(block_pointer in, float* out) {
  float const d = load_half(in);
  block_pointer const nibbles = in + 2;
  for (int j = 0; j < 16; ++j) {
    out[j] = d * float(int(nibbles[j] & 15) - 8);
    out[j + 16] = d * float(int(nibbles[j] >> 4) - 8);
  }
}

void decode_q4_1(block_pointer in, float* out) {
  float const d = load_half(in);
  float const m = load_half(in + 2);
  block_pointer const nibbles = in + 4;
  for (int j = 0; j < 16; ++j) {
    out[j] = d * float(int(nibbles[j] & 15)) + m;
    out[j + 16] = d * float(int(nibbles[j] >> 4)) + m;
  }
}

// Element j of a block of five-bit numbers takes its highest bit from bit j of `fifth`.
int five_bits(unsigned nibble, std::uint32_t fifth, int j) {
  return int(nibble | ((fifth >> j) & 1u) << 4);
}

void decode_q5_0(block_pointer in, float* out) {
  float const d = load_half(in);
  auto const fifth = load<std::uint32_t>(in + 2);
  block_pointer const nibbles = in + 6;
  for (int j = 0; j < 16; ++j) {
    out[j] = d * float(five_bits(nibbles[j] & 15u, fifth, j) - 16);
    out[j + 16] = d * float(five_bits(nibbles[j] >> 4, fifth, j + 16) - 16);
  }
}

void decode_q5_1(block_pointer in, float* out) {
  float const d = load_half(in);
  float const m = load_half(in + 2);
  auto const fifth = load<std::uint32_t>(in + 4);
  block_pointer const nibbles = in + 8;
  for (int j = 0; j < 16; ++j) {
    out[j] = d * float(five_bits(nibbles[j] & 15u, fifth, j)) + m;
    out[j + 16] = d * float(five_bits(nibbles[j] >> 4, fifth, j + 16)) + m;
  }
}

void decode_q8_0(block_pointer in, float* out) {
  float const d = load_half(in);
  for (int j = 0; j < 32; ++j) {
    out[j] = d * float(std::int8_t(in[2 + j]));
  }
}

struct scale_and_min {
  int scale, min;
};

// The 6-bit scale and minimum of group j of 8 in the 12 bytes `s`.
scale_and_min group_of_q4_k(block_pointer s, int j) {
  if (j < 4) {
    return {s[j] & 63, s[j + 4] & 63};
  }
  return {(s[j + 4] & 15) | (s[j - 4] >> 6) << 4, (s[j + 4] >> 4) | (s[j] >> 6) << 4};
}

void decode_q4_k(block_pointer in, float* out) {
  float const d = load_half(in);
  float const d_min = load_half(in + 2);
  block_pointer nibbles = in + 16;
  for (int group = 0; group < 8; group += 2, nibbles += 32, out += 64) {
    auto const low = group_of_q4_k(in + 4, group);
    auto const high = group_of_q4_k(in + 4, group + 1);
    float const low_scale = d * float(low.scale);
    float const low_min = d_min * float(low.min);
    float const high_scale = d * float(high.scale);
    float const high_min = d_min * float(high.min);
    for (int l = 0; l < 32; ++l) {
      out[l] = low_scale * float(int(nibbles[l] & 15)) - low_min;
      out[l + 32] = high_scale * float(int(nibbles[l] >> 4)) - high_min;
    }
  }
}

void decode_q6_k(block_pointer in, float* out) {
  float const d = load_half(in + 208);
  for (int half = 0; half < 2; ++half, out += 128) {
    block_pointer const low = in + 64 * half;
    block_pointer const high = in + 128 + 32 * half;
    block_pointer const scales = in + 192 + 8 * half;
    for (int sixteen = 0; sixteen < 2; ++sixteen) {
      std::array<float, 4> scale;
      for (int quarter = 0; quarter < 4; ++quarter) {
        scale[std::size_t(quarter)] = d * float(std::int8_t(scales[sixteen + 2 * quarter]));
      }
      for (int l = 16 * sixteen; l < 16 * sixteen + 16; ++l) {
        out[l] = scale[0] * float(((low[l] & 15) | (high[l] & 3) << 4) - 32);
        out[l + 32] = scale[1] * float(((low[l + 32] & 15) | ((high[l] >> 2) & 3) << 4) - 32);
        out[l + 64] = scale[2] * float(((low[l] >> 4) | ((high[l] >> 4) & 3) << 4) - 32);
        out[l + 96] = scale[3] * float(((low[l + 32] >> 4) | (high[l] >> 6) << 4) - 32);
      }
    }
  }
}

template <void (*Decode)(block_pointer, float*)>
void decode_all(gguf_block block, std::span<std::byte const> blocks, float* out) {
  auto const* in = reinterpret_cast<block_pointer>(blocks.data());
  std::size_t const count = blocks.size() / block.bytes;
  for (std::size_t i = 0; i < count; ++i) {
    Decode(in + i * block.bytes, out + i * block.elements);
  }
}

}  // namespace

gguf_block block_of(gguf_type type) { return row_of(type).block; }
std::string_view to_string(gguf_type type) { return row_of(type).name; }

std::optional<gguf_type> gguf_type_from_id(std::int32_t id) {
  for (auto const& row : types) {
    if (std::int32_t(row.type) == id) {
      return row.type;
    }
  }
  return std::nullopt;
}

void dequantize(gguf_type type, std::span<std::byte const> blocks, std::span<float> out) {
  auto const block = block_of(type);
  svf::expects(blocks.size() % block.bytes == 0 &&
                   blocks.size() / block.bytes * block.elements == out.size(),
               svf::error_kind::shape, "dequantize: ", out.size(), " elements of ",
               to_string(type), " need blocks of ", block.elements, " in ", block.bytes,
               " bytes, got ", blocks.size(), " bytes");
  switch (type) {
    case gguf_type::f32: return decode_all<decode_f32>(block, blocks, out.data());
    case gguf_type::f16: return decode_all<decode_f16>(block, blocks, out.data());
    case gguf_type::bf16: return decode_all<decode_bf16>(block, blocks, out.data());
    case gguf_type::q4_0: return decode_all<decode_q4_0>(block, blocks, out.data());
    case gguf_type::q4_1: return decode_all<decode_q4_1>(block, blocks, out.data());
    case gguf_type::q5_0: return decode_all<decode_q5_0>(block, blocks, out.data());
    case gguf_type::q5_1: return decode_all<decode_q5_1>(block, blocks, out.data());
    case gguf_type::q8_0: return decode_all<decode_q8_0>(block, blocks, out.data());
    case gguf_type::q4_k: return decode_all<decode_q4_k>(block, blocks, out.data());
    case gguf_type::q6_k: return decode_all<decode_q6_k>(block, blocks, out.data());
  }
}

}  // namespace llama
