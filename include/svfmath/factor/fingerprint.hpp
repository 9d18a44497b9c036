// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <array>
#include <charconv>
#include <compare>
#include <concepts>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <system_error>
#include <type_traits>
#include <vector>

#include <svfmath/core/error.hpp>
#include <svfmath/core/in_quotes.hpp>
#include <svfmath/core/view_conversion.hpp>
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
/// several GB/s when rows are contiguous. Throws nothing; NaN and Inf are content like any other.
template <matrix_like W>
fingerprint fingerprint_of(W const& w) {
  using T = matrix_value_t<W const>;
  static_assert(std::floating_point<T>, "fingerprint_of: expected floating-point elements");
  auto const a = as_matrix(w);
  static_assert(std::is_same_v<typename decltype(a)::space, host_space>,
                "fingerprint_of: expected a matrix in host memory");
  detail::fingerprint_hash hash(detail::fingerprint_seeds);
  hash.update_value(std::array<std::uint64_t, 3>{sizeof(T), std::uint64_t(a.rows),
                                                 std::uint64_t(a.cols)});
  auto const update = [&](T const* data, index_t count) {
    hash.update(std::as_bytes(std::span(data, std::size_t(count))));
  };
  if (a.col_stride() == 1 && a.row_stride() == a.cols) {
    update(a.data, a.size());
  } else if (a.col_stride() == 1) {
    for (index_t i = 0; i < a.rows; ++i) {
      update(&a(i, 0), a.cols);
    }
  } else {
    // A few rows at a time are gathered, so that each cache line is fetched once.
    constexpr index_t band = 16;
    std::vector<T> gathered(std::size_t(band * a.cols));
    for (index_t first = 0; first < a.rows; first += band) {
      index_t const rows = std::min(band, a.rows - first);
      for (index_t j = 0; j < a.cols; ++j) {
        for (index_t i = 0; i < rows; ++i) {
          gathered[std::size_t(i * a.cols + j)] = a(first + i, j);
        }
      }
      update(gathered.data(), rows * a.cols);
    }
  }
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
