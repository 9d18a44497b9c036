// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>

#include <svfmath/core/error.hpp>

namespace svf::detail {

static_assert(std::endian::native == std::endian::little);

/// Four 64-bit lanes that compilers keep in vector registers.
typedef std::uint64_t xxh3_lanes __attribute__((vector_size(32)));

/// XXH3 with 64 bits (Yann Collet, "xxHash fast digest algorithm", specification 0.2.0, "XXH3
/// algorithm overview"), seed 0 and default secret, of messages longer than 240 bytes; the branches
/// for shorter ones are left out. Two to three times the speed of XXH64, at that of memory, where
/// there is AVX2; about as fast as XXH64 elsewhere.
class xxh3 {
 public:
  static constexpr std::size_t shortest = 241;

  /// The hash of `message`. Throws `error{shape}` if it is shorter than `shortest`.
  static std::uint64_t of(std::span<std::byte const> message) {
    std::size_t const size = message.size();
    expects(size >= shortest, error_kind::shape, "xxh3: expected a message of at least ", shortest,
            " bytes, got ", size);
    accumulator sums;
    std::byte const* at = message.data();
    // The last stripe is treated apart, so at least one byte is left for it.
    for (std::size_t blocks = (size - 1) / block_size; blocks > 0; --blocks, at += block_size) {
      sums.add(at, block_size / stripe);
      sums.scramble();
    }
    sums.add(at, (size - 1) % block_size / stripe);
    sums.add_stripe(message.data() + size - stripe, secret_at(secret_size - stripe - 7));
    return sums.merge(std::uint64_t(size));
  }

 private:
  static constexpr std::size_t stripe = 64;
  static constexpr std::size_t secret_size = 192;
  // Stripes move along the secret by 8 bytes, until the scrambling's 64 bytes are left.
  static constexpr std::size_t block_size = stripe * (secret_size - stripe) / 8;

  static constexpr std::uint64_t prime32_1 = 0x9E3779B1u;
  static constexpr std::uint64_t prime32_2 = 0x85EBCA77u;
  static constexpr std::uint64_t prime32_3 = 0xC2B2AE3Du;
  static constexpr std::uint64_t prime64_1 = 0x9E3779B185EBCA87u;
  static constexpr std::uint64_t prime64_2 = 0xC2B2AE3D27D4EB4Fu;
  static constexpr std::uint64_t prime64_3 = 0x165667B19E3779F9u;
  static constexpr std::uint64_t prime64_4 = 0x85EBCA77C2B2AE63u;
  static constexpr std::uint64_t prime64_5 = 0x27D4EB2F165667C5u;
  static constexpr std::uint64_t avalanche_prime = 0x165667919E3779F9u;

  static std::byte const* secret_at(std::size_t offset) {
    alignas(64) static constexpr std::uint64_t secret[secret_size / 8] = {
        0xBE4BA423396CFEB8u, 0x1CAD21F72C81017Cu, 0xDB979083E96DD4DEu, 0x1F67B3B7A4A44072u,
        0x78E5C0CC4EE679CBu, 0x2172FFCC7DD05A82u, 0x8E2443F7744608B8u, 0x4C263A81E69035E0u,
        0xCB00C391BB52283Cu, 0xA32E531B8B65D088u, 0x4EF90DA297486471u, 0xD8ACDEA946EF1938u,
        0x3F349CE33F76FAA8u, 0x1D4F0BC7C7BBDCF9u, 0x3159B4CD4BE0518Au, 0x647378D9C97E9FC8u,
        0xC3EBD33483ACC5EAu, 0xEB6313FAFFA081C5u, 0x49DAF0B751DD0D17u, 0x9E68D429265516D3u,
        0xFCA1477D58BE162Bu, 0xCE31D07AD1B8F88Fu, 0x280416958F3ACB45u, 0x7E404BBBCAFBD7AFu};
    return reinterpret_cast<std::byte const*>(secret) + offset;
  }

  static std::uint64_t word_at(std::byte const* bytes) {
    std::uint64_t word;
    std::memcpy(&word, bytes, sizeof word);
    return word;
  }

  /// The two halves of the 128-bit product, xored.
  static std::uint64_t folded_product(std::uint64_t a, std::uint64_t b) {
    __extension__ using wide = unsigned __int128;
    wide const product = wide(a) * b;
    return std::uint64_t(product) ^ std::uint64_t(product >> 64);
  }

  class accumulator {
   public:
    void add(std::byte const* from, std::size_t stripes) {
      accumulator state = *this;  // a local, so that it stays in registers
      for (std::size_t n = 0; n < stripes; ++n) {
        state.add_stripe(from + n * stripe, secret_at(8 * n));
      }
      *this = state;
    }

    void add_stripe(std::byte const* from, std::byte const* key) {
      add_lanes(low_, from, key);
      add_lanes(high_, from + 32, key + 32);
    }

    void scramble() {
      scramble_lanes(low_, secret_at(secret_size - stripe));
      scramble_lanes(high_, secret_at(secret_size - stripe + 32));
    }

    std::uint64_t merge(std::uint64_t size) const {
      std::uint64_t hash = size * prime64_1;
      for (std::size_t i = 0; i < 4; ++i) {
        xxh3_lanes const& lanes = i < 2 ? low_ : high_;
        std::size_t const pair = 2 * (i % 2);
        hash += folded_product(lanes[pair] ^ word_at(secret_at(11 + 16 * i)),
                               lanes[pair + 1] ^ word_at(secret_at(19 + 16 * i)));
      }
      hash = (hash ^ (hash >> 37)) * avalanche_prime;
      return hash ^ (hash >> 32);
    }

   private:
    static void add_lanes(xxh3_lanes& lanes, std::byte const* from, std::byte const* key) {
      xxh3_lanes data;
      xxh3_lanes mixed;
      std::memcpy(&data, from, sizeof data);
      std::memcpy(&mixed, key, sizeof mixed);
      mixed ^= data;
      lanes += (mixed & 0xFFFFFFFFu) * (mixed >> 32);
      // To the neighbour, so that nothing is lost where a product is zero.
      lanes += __builtin_shufflevector(data, data, 1, 0, 3, 2);
    }

    static void scramble_lanes(xxh3_lanes& lanes, std::byte const* key) {
      xxh3_lanes mixed;
      std::memcpy(&mixed, key, sizeof mixed);
      lanes = (lanes ^ (lanes >> 47) ^ mixed) * prime32_1;
    }

    xxh3_lanes low_ = {prime32_3, prime64_1, prime64_2, prime64_3};
    xxh3_lanes high_ = {prime64_4, prime32_2, prime64_5, prime32_1};
  };
};

}  // namespace svf::detail
