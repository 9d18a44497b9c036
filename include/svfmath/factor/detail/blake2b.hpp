// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <utility>

namespace svf::detail {

/// BLAKE2b without a key and with digests of `Size` bytes (RFC 7693): nobody knows how to find two
/// messages of one digest. Half a GB/s and more on one core.
template <std::size_t Size>
class blake2b {
 public:
  using digest_type = std::array<std::byte, Size>;

  /// Appends `bytes`. How a message is cut into pieces does not matter.
  void update(std::span<std::byte const> bytes) {
    while (!bytes.empty()) {
      // The last block is compressed differently, so a full one waits until more comes.
      if (held_ == block_size) {
        compress(block_.data(), block_size, false);
        held_ = 0;
      }
      if (held_ == 0 && bytes.size() > block_size) {
        std::size_t const whole = (bytes.size() - 1) / block_size * block_size;
        for (std::size_t at = 0; at < whole; at += block_size) {
          compress(bytes.data() + at, block_size, false);
        }
        bytes = bytes.subspan(whole);
      }
      std::size_t const taken = std::min(block_size - held_, bytes.size());
      std::memcpy(block_.data() + held_, bytes.data(), taken);
      held_ += taken;
      bytes = bytes.subspan(taken);
    }
  }

  /// The digest of everything so far.
  digest_type digest() const {
    blake2b last = *this;
    std::fill(last.block_.begin() + std::ptrdiff_t(held_), last.block_.end(), std::byte{0});
    last.compress(last.block_.data(), held_, true);
    digest_type result;
    std::memcpy(result.data(), last.state_.data(), Size);
    return result;
  }

 private:
  static_assert(Size >= 1 && Size <= 64);
  static_assert(std::endian::native == std::endian::little);

  static constexpr std::size_t block_size = 128;
  using words = std::array<std::uint64_t, 8>;

  static constexpr words initial{0x6A09E667F3BCC908u, 0xBB67AE8584CAA73Bu, 0x3C6EF372FE94F82Bu,
                                 0xA54FF53A5F1D36F1u, 0x510E527FADE682D1u, 0x9B05688C2B3E6C1Fu,
                                 0x1F83D9ABFB41BD6Bu, 0x5BE0CD19137E2179u};

  // Which words of the block a round mixes; rounds 10 and 11 repeat the first two.
  static constexpr std::uint8_t order[10][16] = {
      {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15},
      {14, 10, 4, 8, 9, 15, 13, 6, 1, 12, 0, 2, 11, 7, 5, 3},
      {11, 8, 12, 0, 5, 2, 15, 13, 10, 14, 3, 6, 7, 1, 9, 4},
      {7, 9, 3, 1, 13, 12, 11, 14, 2, 6, 5, 10, 4, 0, 15, 8},
      {9, 0, 5, 7, 2, 4, 10, 15, 14, 1, 11, 12, 6, 8, 3, 13},
      {2, 12, 6, 10, 0, 11, 8, 3, 4, 13, 7, 5, 15, 14, 1, 9},
      {12, 5, 1, 15, 14, 13, 4, 10, 0, 7, 6, 3, 9, 2, 8, 11},
      {13, 11, 7, 14, 12, 1, 3, 9, 5, 0, 15, 4, 8, 6, 2, 10},
      {6, 15, 14, 9, 11, 3, 0, 8, 12, 2, 13, 7, 1, 4, 10, 5},
      {10, 2, 8, 4, 7, 6, 1, 5, 15, 11, 9, 14, 3, 12, 13, 0}};

  static void mix(std::uint64_t& a, std::uint64_t& b, std::uint64_t& c, std::uint64_t& d,
                  std::uint64_t x, std::uint64_t y) {
    a += b + x;
    d = std::rotr(d ^ a, 32);
    c += d;
    b = std::rotr(b ^ c, 24);
    a += b + y;
    d = std::rotr(d ^ a, 16);
    c += d;
    b = std::rotr(b ^ c, 63);
  }

  // The number of the round is known to the compiler, so the indices of words are too.
  template <std::size_t Round>
  static void mix_round(std::uint64_t* v, std::uint64_t const* m) {
    constexpr auto const& o = order[Round % 10];
    mix(v[0], v[4], v[8], v[12], m[o[0]], m[o[1]]);
    mix(v[1], v[5], v[9], v[13], m[o[2]], m[o[3]]);
    mix(v[2], v[6], v[10], v[14], m[o[4]], m[o[5]]);
    mix(v[3], v[7], v[11], v[15], m[o[6]], m[o[7]]);
    mix(v[0], v[5], v[10], v[15], m[o[8]], m[o[9]]);
    mix(v[1], v[6], v[11], v[12], m[o[10]], m[o[11]]);
    mix(v[2], v[7], v[8], v[13], m[o[12]], m[o[13]]);
    mix(v[3], v[4], v[9], v[14], m[o[14]], m[o[15]]);
  }

  template <std::size_t... Rounds>
  static void mix_rounds(std::uint64_t* v, std::uint64_t const* m,
                         std::index_sequence<Rounds...>) {
    (mix_round<Rounds>(v, m), ...);
  }

  void compress(std::byte const* block, std::size_t bytes, bool last) {
    total_ += bytes;
    std::uint64_t m[16];
    std::memcpy(m, block, block_size);
    std::uint64_t v[16];
    std::copy(state_.begin(), state_.end(), v);
    std::copy(initial.begin(), initial.end(), v + 8);
    v[12] ^= total_;  // the upper half of the count stays 0 below 2⁶⁴ bytes
    v[14] ^= last ? ~std::uint64_t{0} : 0;
    mix_rounds(v, m, std::make_index_sequence<12>());
    for (std::size_t i = 0; i < 8; ++i) {
      state_[i] ^= v[i] ^ v[i + 8];
    }
  }

  words state_{initial[0] ^ 0x01010000u ^ Size, initial[1], initial[2], initial[3],
               initial[4], initial[5], initial[6], initial[7]};
  std::array<std::byte, block_size> block_{};
  std::size_t held_ = 0;
  std::uint64_t total_ = 0;
};

}  // namespace svf::detail
