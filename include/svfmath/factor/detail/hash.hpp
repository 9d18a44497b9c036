// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>

namespace svf::detail {

/// XXH64 (Yann Collet, "xxHash fast digest algorithm", specification 0.1.1), for `Seeds` seeds in
/// one pass over the bytes. Finds accidental change; no defence against somebody who constructs
/// collisions. Several GB/s per core.
template <std::size_t Seeds = 1>
class xxh64 {
 public:
  using digest_type = std::array<std::uint64_t, Seeds>;

  explicit xxh64(digest_type const& seeds = {}) : seeds_(seeds) {
    for (std::size_t s = 0; s < Seeds; ++s) {
      lanes_[s] = {seeds[s] + prime1 + prime2, seeds[s] + prime2, seeds[s], seeds[s] - prime1};
    }
  }

  /// Appends `bytes`. How a message is cut into pieces does not matter.
  void update(std::span<std::byte const> bytes) {
    if (bytes.empty()) {
      return;
    }
    total_ += bytes.size();
    if (held_ > 0) {
      std::size_t const taken = std::min(stripe - held_, bytes.size());
      std::memcpy(rest_.data() + held_, bytes.data(), taken);
      held_ += taken;
      bytes = bytes.subspan(taken);
      if (held_ < stripe) {
        return;
      }
      consume(rest_.data(), 1);
      held_ = 0;
    }
    std::size_t const stripes = bytes.size() / stripe;
    consume(bytes.data(), stripes);
    bytes = bytes.subspan(stripes * stripe);
    std::copy(bytes.begin(), bytes.end(), rest_.begin());
    held_ = bytes.size();
  }

  /// Appends the bytes of one trivially copyable value.
  template <class T>
  void update_value(T const& value) {
    update(std::as_bytes(std::span(&value, 1)));
  }

  /// The hashes of everything so far, one per seed.
  digest_type digest() const {
    digest_type result;
    for (std::size_t s = 0; s < Seeds; ++s) {
      result[s] = finish(total_ >= stripe ? merge(lanes_[s]) : seeds_[s] + prime5);
    }
    return result;
  }

 private:
  static constexpr std::size_t stripe = 32;
  static constexpr std::uint64_t prime1 = 0x9E3779B185EBCA87u;
  static constexpr std::uint64_t prime2 = 0xC2B2AE3D27D4EB4Fu;
  static constexpr std::uint64_t prime3 = 0x165667B19E3779F9u;
  static constexpr std::uint64_t prime4 = 0x85EBCA77C2B2AE63u;
  static constexpr std::uint64_t prime5 = 0x27D4EB2F165667C5u;

  using lanes = std::array<std::uint64_t, 4>;

  template <class Word>
  static std::uint64_t load(std::byte const* bytes) {
    static_assert(std::endian::native == std::endian::little);
    Word word;
    std::memcpy(&word, bytes, sizeof(Word));
    return word;
  }

  static std::uint64_t round(std::uint64_t lane, std::uint64_t product) {
    return std::rotl(lane + product, 31) * prime1;
  }

  void consume(std::byte const* bytes, std::size_t stripes) {
    auto state = lanes_;  // a local, so that it stays in registers
    auto const absorb = [&](std::size_t i) {
      std::uint64_t const product = load<std::uint64_t>(bytes + 8 * i) * prime2;
      for (std::size_t s = 0; s < Seeds; ++s) {
        state[s][i] = round(state[s][i], product);
      }
    };
    for (; stripes > 0; --stripes, bytes += stripe) {
      absorb(0);
      absorb(1);
      absorb(2);
      absorb(3);
    }
    lanes_ = state;
  }

  static std::uint64_t merge(lanes const& state) {
    std::uint64_t hash = std::rotl(state[0], 1) + std::rotl(state[1], 7) +
                         std::rotl(state[2], 12) + std::rotl(state[3], 18);
    for (std::uint64_t const lane : state) {
      hash = (hash ^ round(0, lane * prime2)) * prime1 + prime4;
    }
    return hash;
  }

  std::uint64_t finish(std::uint64_t hash) const {
    hash += total_;
    std::byte const* bytes = rest_.data();
    std::byte const* const end = bytes + held_;
    for (; end - bytes >= 8; bytes += 8) {
      hash ^= round(0, load<std::uint64_t>(bytes) * prime2);
      hash = std::rotl(hash, 27) * prime1 + prime4;
    }
    if (end - bytes >= 4) {
      hash = std::rotl(hash ^ (load<std::uint32_t>(bytes) * prime1), 23) * prime2 + prime3;
      bytes += 4;
    }
    for (; bytes != end; ++bytes) {
      hash = std::rotl(hash ^ (load<std::uint8_t>(bytes) * prime5), 11) * prime1;
    }
    hash = (hash ^ (hash >> 33)) * prime2;
    hash = (hash ^ (hash >> 29)) * prime3;
    return hash ^ (hash >> 32);
  }

  digest_type seeds_;
  std::array<lanes, Seeds> lanes_;
  std::array<std::byte, stripe> rest_{};
  std::size_t held_ = 0;
  std::uint64_t total_ = 0;
};

}  // namespace svf::detail
