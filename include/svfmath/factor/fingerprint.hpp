// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include <svfmath/core/view_conversion.hpp>
#include <svfmath/factor/detail/content_bytes.hpp>
#include <svfmath/factor/detail/hash.hpp>
#include <svfmath/factor/detail/hexadecimal.hpp>

namespace svf {

/// 128 bits that stand for the content of a matrix, or of an ordered list of them. Equal content
/// has equal fingerprints on every machine; unequal content has unequal ones but for accidents
/// (2⁻⁶⁴ and rarer). No defence against constructed collisions.
struct fingerprint {
  std::array<std::uint64_t, 2> words{};

  /// 32 lower-case hexadecimal digits.
  std::string hex() const {
    std::array<std::byte, 16> bytes;
    for (std::size_t i = 0; i < bytes.size(); ++i) {
      bytes[i] = std::byte(words[i / 8] >> (56 - 8 * (i % 8)));
    }
    return detail::to_hex(bytes);
  }

  /// What `hex` wrote. Throws `error{format}` for anything but 32 lower-case hexadecimal digits.
  static fingerprint from_hex(std::string_view text) {
    std::array<std::byte, 16> bytes;
    detail::bytes_from_hex("fingerprint", text, bytes);
    fingerprint result;
    for (std::size_t i = 0; i < bytes.size(); ++i) {
      result.words[i / 8] = result.words[i / 8] << 8 | std::to_integer<std::uint64_t>(bytes[i]);
    }
    return result;
  }

  friend bool operator==(fingerprint const&, fingerprint const&) = default;
  friend auto operator<=>(fingerprint const&, fingerprint const&) = default;
};

namespace detail {

using fingerprint_hash = xxh64<2>;
inline constexpr std::array<std::uint64_t, 2> fingerprint_seeds{0, 0x5356464D41544831u};

}  // namespace detail

/// The fingerprint of W (m×n): its shape, element type and elements (by their bytes, so −0 differs
/// from 0) in row-major order, whatever order and leading dimension they lie in. One pass at
/// several GB/s when rows are contiguous; where not, std::bad_alloc may be thrown. NaN and Inf are
/// content like any other.
template <matrix_like W>
fingerprint fingerprint_of(W const& w) {
  detail::fingerprint_hash hash(detail::fingerprint_seeds);
  detail::for_content_bytes(w, [&](std::span<std::byte const> bytes) { hash.update(bytes); });
  return {hash.digest()};
}

/// One fingerprint for a list of them, as of the matrices of a model. The order matters.
inline fingerprint combine(std::span<fingerprint const> parts) {
  detail::fingerprint_hash hash(detail::fingerprint_seeds);
  hash.update_value(std::uint64_t(parts.size()));
  for (fingerprint const& part : parts) {
    hash.update_value(part.words);
  }
  return {hash.digest()};
}

}  // namespace svf
