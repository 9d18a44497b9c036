// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <numbers>

#include <svfmath/core/config.hpp>

namespace svf {

namespace detail {

/// What std::array is, for kernels too.
template <std::size_t Size>
struct words {
  std::uint32_t data[Size];

  SVFMATH_HOST_DEVICE constexpr std::uint32_t& operator[](std::size_t i) { return data[i]; }
  SVFMATH_HOST_DEVICE constexpr std::uint32_t operator[](std::size_t i) const { return data[i]; }
  friend constexpr bool operator==(words const&, words const&) = default;
};

}  // namespace detail

/// Philox4x32-10 (Salmon, Moraes, Dror, Shaw: "Parallel random numbers: as easy as 1, 2, 3",
/// SC 2011): a bijection of a 128-bit counter under a 64-bit key. The n-th number of a stream is
/// a function of (key, counter), so draws do not depend on order, threads or backend.
struct philox4x32 {
  using counter_type = detail::words<4>;
  using key_type = detail::words<2>;

  SVFMATH_HOST_DEVICE static constexpr counter_type bijection(counter_type counter, key_type key) {
    for (int round = 0; round < 10; ++round) {
      std::uint64_t const a = std::uint64_t{0xD2511F53u} * counter[0];
      std::uint64_t const b = std::uint64_t{0xCD9E8D57u} * counter[2];
      counter = {std::uint32_t(b >> 32) ^ counter[1] ^ key[0], std::uint32_t(b),
                 std::uint32_t(a >> 32) ^ counter[3] ^ key[1], std::uint32_t(a)};
      key[0] += 0x9E3779B9u;
      key[1] += 0xBB67AE85u;
    }
    return counter;
  }
};

/// Random numbers addressed by position: `random(seed, stream)` is a value without state, and
/// `uniform(i)` gives the same number whenever and wherever it is asked for.
///
/// `normal(i)` is made of the bits of `uniform(2i)` and `uniform(2i + 1)` (and of `bits` and
/// `below` there): numbers of one stream are independent as long as all of them are normal or none
/// is.
class random_stream {
 public:
  explicit constexpr random_stream(std::uint64_t seed, std::uint64_t stream = 0)
      : seed_(seed), stream_(stream) {}

  /// The i-th 64-bit word of the stream.
  constexpr std::uint64_t bits(std::uint64_t i) const {
    auto const words = block(i / 2);
    std::size_t const half = (i % 2) * 2;
    return (std::uint64_t{words[half]} << 32) | words[half + 1];
  }

  /// The i-th number, uniform in [0, 1) with 53 bits.
  constexpr double uniform(std::uint64_t i) const { return double(bits(i) >> 11) * 0x1p-53; }

  /// The i-th number, standard normal (Box-Muller on the two words of block i).
  SVFMATH_HOST_DEVICE double normal(std::uint64_t i) const {
    auto const words = block(i);
    std::uint64_t const a = (std::uint64_t{words[0]} << 32) | words[1];
    std::uint64_t const b = (std::uint64_t{words[2]} << 32) | words[3];
    double const radius = std::sqrt(-2.0 * std::log((double(a >> 11) + 0.5) * 0x1p-53));
    return radius * std::cos(2.0 * std::numbers::pi * (double(b >> 11) * 0x1p-53));
  }

  /// The i-th number, uniform in {0 … bound−1}; `bound` ≥ 1. Bias below bound·2⁻⁶⁴.
  constexpr std::uint64_t below(std::uint64_t i, std::uint64_t bound) const {
    std::uint64_t const word = bits(i);
    std::uint64_t const low = (word & 0xFFFFFFFFu) * bound_low(bound);
    std::uint64_t const mid1 = (word >> 32) * bound_low(bound) + (low >> 32);
    std::uint64_t const mid2 = (word & 0xFFFFFFFFu) * (bound >> 32) + (mid1 & 0xFFFFFFFFu);
    return (word >> 32) * (bound >> 32) + (mid1 >> 32) + (mid2 >> 32);
  }

  constexpr std::uint64_t seed() const { return seed_; }
  constexpr std::uint64_t stream() const { return stream_; }

 private:
  static constexpr std::uint64_t bound_low(std::uint64_t bound) { return bound & 0xFFFFFFFFu; }

  SVFMATH_HOST_DEVICE constexpr philox4x32::counter_type block(std::uint64_t i) const {
    return philox4x32::bijection({std::uint32_t(i), std::uint32_t(i >> 32), std::uint32_t(stream_),
                                  std::uint32_t(stream_ >> 32)},
                                 {std::uint32_t(seed_), std::uint32_t(seed_ >> 32)});
  }

  std::uint64_t seed_;
  std::uint64_t stream_;
};

/// A generator with a position: what a trainer or a search saves and resumes. Every draw, of
/// whatever kind, takes a block of the stream for itself and moves the position by one, so draws of
/// different kinds may be mixed. Satisfies std::uniform_random_bit_generator, so the standard's
/// algorithms take it.
class generator {
 public:
  using result_type = std::uint64_t;

  explicit constexpr generator(std::uint64_t seed = 0, std::uint64_t stream = 0,
                               std::uint64_t position = 0)
      : stream_(seed, stream), position_(position) {}

  static constexpr result_type min() { return 0; }
  static constexpr result_type max() { return ~result_type{0}; }
  constexpr result_type operator()() { return stream_.bits(2 * position_++); }
  constexpr double uniform() { return stream_.uniform(2 * position_++); }
  constexpr std::uint64_t below(std::uint64_t bound) {
    return stream_.below(2 * position_++, bound);
  }
  double normal() { return stream_.normal(position_++); }

  constexpr std::uint64_t seed() const { return stream_.seed(); }
  constexpr std::uint64_t stream() const { return stream_.stream(); }
  constexpr std::uint64_t position() const { return position_; }

  friend constexpr bool operator==(generator const& a, generator const& b) {
    return a.seed() == b.seed() && a.stream() == b.stream() && a.position() == b.position();
  }

 private:
  random_stream stream_;
  std::uint64_t position_;
};

}  // namespace svf
