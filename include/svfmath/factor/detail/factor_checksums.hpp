// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>

#include <svfmath/factor/detail/hash.hpp>
#include <svfmath/factor/detail/xxh3.hpp>

namespace svf::detail {

/// The parts of a file of factors, each with a checksum of its own: together all of its bytes but
/// the checksums themselves. They follow each other as 64-bit integers in the last tensor.
inline constexpr std::array<std::string_view, 4> checksum_parts{"header", "s", "u", "vt"};
inline constexpr std::string_view checksum_tensor = "checksums";

using factor_checksums = std::array<std::uint64_t, checksum_parts.size()>;

/// XXH3 of 64 bits; of short messages XXH64.
inline std::uint64_t checksum_of(std::span<std::byte const> bytes) {
  if (bytes.size() >= xxh3::shortest) {
    return xxh3::of(bytes);
  }
  xxh64<1> hash;
  hash.update(bytes);
  return hash.digest()[0];
}

}  // namespace svf::detail
