// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <charconv>
#include <compare>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <system_error>

#include <svfmath/core/error.hpp>
#include <svfmath/core/in_quotes.hpp>
#include <svfmath/core/view_conversion.hpp>
#include <svfmath/factor/detail/content_bytes.hpp>
#include <svfmath/factor/detail/hash.hpp>

namespace svf {

/// 128 bits that stand for the content of a matrix, or of an ordered list of them. Equal content
/// has equal fingerprints on every machine; unequal content has unequal ones but for accidents
/// (2⁻⁶⁴ and rarer). No defence against constructed collisions.
struct fingerprint {
  std::array<std::uint64_t, 2> words{};

  /// 32 lower-case hexadecimal digits.
  std::string hex() const {
    constexpr std::string_view digits = "0123456789abcdef";
    std::string text(32, '0');
    for (std::size_t i = 0; i < 32; ++i) {
      text[i] = digits[(words[i / 16] >> (60 - 4 * (i % 16))) & 15u];
    }
    return text;
  }

  /// What `hex` wrote. Throws `error{format}` for anything but 32 lower-case hexadecimal digits.
  static fingerprint from_hex(std::string_view text) {
    bool const valid =
        text.size() == 32 && text.find_first_not_of("0123456789abcdef") == text.npos;
    expects(valid, error_kind::format,
            "fingerprint: expected 32 lower-case hexadecimal digits, got ",
            in_quotes(text.substr(0, 64)));
    fingerprint result;
    for (std::size_t i = 0; i < 2; ++i) {
      std::from_chars(text.data() + 16 * i, text.data() + 16 * (i + 1), result.words[i], 16);
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
