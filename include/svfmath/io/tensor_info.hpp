// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include <svfmath/core/in_quotes.hpp>
#include <svfmath/io/dtype.hpp>

namespace svf {

/// One tensor of a safetensors file. Elements are row-major and little-endian and lie at
/// [begin, end) of the data that follows the header, in bytes. An empty shape is a scalar.
struct tensor_info {
  std::string name;
  dtype type = dtype::f32;
  std::vector<std::uint64_t> shape;
  std::uint64_t begin = 0;
  std::uint64_t end = 0;

  std::uint64_t bytes() const { return end - begin; }
  std::uint64_t elements() const { return bytes() * 8 / bits_of(type); }
};

/// "[576, 1536]" for messages; of more than 8 extents the first 8, and "…".
inline std::string shape_text(std::span<std::uint64_t const> shape) {
  constexpr std::size_t longest = 8;
  std::string text = "[";
  for (std::uint64_t const extent : shape.first(std::min(shape.size(), longest))) {
    text += text.size() > 1 ? ", " : "";
    text += std::to_string(extent);
  }
  return text + (shape.size() > longest ? ", …]" : "]");
}

namespace detail {

/// a · b, or nothing if that exceeds 64 bits.
constexpr std::optional<std::uint64_t> checked_product(std::uint64_t a, std::uint64_t b) {
  if (b != 0 && a > std::numeric_limits<std::uint64_t>::max() / b) {
    return std::nullopt;
  }
  return a * b;
}

/// Bits that a tensor takes, or nothing if that exceeds 64 bits.
inline std::optional<std::uint64_t> tensor_bits(dtype type, std::span<std::uint64_t const> shape) {
  std::optional<std::uint64_t> bits = bits_of(type);
  for (std::uint64_t const extent : shape) {
    bits = bits ? checked_product(*bits, extent) : std::nullopt;
  }
  return bits;
}

}  // namespace detail

/// Extents above this are refused (the format's own schema does so too), so that every extent and
/// element count fits the signed `index_t`.
inline constexpr std::uint64_t largest_extent = (std::uint64_t{1} << 48) - 1;

}  // namespace svf
