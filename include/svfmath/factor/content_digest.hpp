// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <compare>
#include <cstddef>
#include <span>
#include <string>
#include <string_view>

#include <svfmath/core/view_conversion.hpp>
#include <svfmath/factor/detail/blake2b.hpp>
#include <svfmath/factor/detail/content_bytes.hpp>
#include <svfmath/factor/detail/hexadecimal.hpp>

namespace svf {

/// 256 bits that stand for the content of a matrix against anybody who tries to make another with
/// the same ones, which a `fingerprint` does not. Slower than that by an order of magnitude.
struct content_digest {
  std::array<std::byte, 32> bytes{};

  /// 64 lower-case hexadecimal digits.
  std::string hex() const { return detail::to_hex(bytes); }

  /// What `hex` wrote. Throws `error{format}` for anything but 64 lower-case hexadecimal digits.
  static content_digest from_hex(std::string_view text) {
    content_digest result;
    detail::bytes_from_hex("content_digest", text, result.bytes);
    return result;
  }

  friend bool operator==(content_digest const&, content_digest const&) = default;
  friend auto operator<=>(content_digest const&, content_digest const&) = default;
};

/// BLAKE2b-256 (RFC 7693) of the content of W (m×n): the size of an element in bytes, m and n as
/// 64-bit integers, then the elements in row-major order, all little-endian. So two matrices that
/// lie in memory differently have the same digest. One pass at half a GB/s or more. Throws
/// std::bad_alloc alone, where rows are not contiguous.
template <matrix_like W>
content_digest content_digest_of(W const& w) {
  detail::blake2b<32> hash;
  detail::for_content_bytes(w, [&](std::span<std::byte const> bytes) { hash.update(bytes); });
  return {hash.digest()};
}

}  // namespace svf
