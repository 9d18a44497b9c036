// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <array>
#include <cstring>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include <svfmath/core/matrix.hpp>
#include <svfmath/factor/fingerprint.hpp>

#include <support/random.hpp>

namespace {

std::uint64_t xxh64_of(std::string_view text, std::uint64_t seed = 0) {
  svf::detail::xxh64<1> hash({seed});
  hash.update(std::as_bytes(std::span(text)));
  return hash.digest()[0];
}

// Flips one bit of an element.
void flip(float& value, unsigned bit) {
  std::uint32_t bits;
  std::memcpy(&bits, &value, sizeof bits);
  bits ^= 1u << bit;
  std::memcpy(&value, &bits, sizeof bits);
}

}  // namespace

TEST_CASE("fingerprint: xxh64 agrees with published vectors") {
  CHECK(xxh64_of("") == 0xEF46DB3751D8E999u);
  CHECK(xxh64_of("a") == 0xD24EC4F1A98C6E5Bu);
  CHECK(xxh64_of("abc") == 0x44BC2CF5AD770999u);
  CHECK(xxh64_of("abc", 0x9E3779B185EBCA8Du) != xxh64_of("abc"));
  // The inputs of the reference's own sanity check: bytes of a multiplicative generator.
  std::string buffer(222, '\0');
  std::uint64_t state = 2654435761u;
  for (char& c : buffer) {
    c = char(state >> 56);
    state *= 11400714785074694797u;
  }
  std::string_view const text = buffer;
  CHECK(xxh64_of(text.substr(0, 0), 2654435761u) == 0xAC75FDA2929B17EFu);
  CHECK(xxh64_of(text.substr(0, 1)) == 0xE934A84ADB052768u);
  CHECK(xxh64_of(text.substr(0, 1), 2654435761u) == 0x5014607643A9B4C3u);
  CHECK(xxh64_of(text.substr(0, 4)) == 0x9136A0DCA57457EEu);
  CHECK(xxh64_of(text.substr(0, 14)) == 0x8282DCC4994E35C8u);
  CHECK(xxh64_of(text.substr(0, 14), 2654435761u) == 0xC3BD6BF63DEB6DF0u);
  CHECK(xxh64_of(text) == 0xB641AE8CB691C174u);
  CHECK(xxh64_of(text, 2654435761u) == 0x20CB8AB7AE10C14Au);
}

TEST_CASE("fingerprint: pieces of any size and several seeds give what one pass of one seed does") {
  std::string text(1000, '\0');
  svf::generator random(7);
  for (char& c : text) {
    c = char(random.below(256));
  }
  for (int round = 0; round < 200; ++round) {
    std::string_view rest = std::string_view(text).substr(0, random.below(text.size() + 1));
    std::string_view const whole = rest;
    svf::detail::xxh64<2> both({3, 99});
    while (!rest.empty()) {
      std::size_t const piece = 1 + random.below(std::min<std::size_t>(rest.size(), 90));
      both.update(std::as_bytes(std::span(rest.substr(0, piece))));
      rest.remove_prefix(piece);
    }
    CAPTURE(whole.size());
    CHECK(both.digest()[0] == xxh64_of(whole, 3));
    CHECK(both.digest()[1] == xxh64_of(whole, 99));
  }
}

TEST_CASE("fingerprint: does not depend on order and leading dimension") {
  svf::generator random(11);
  for (int round = 0; round < 50; ++round) {
    auto const m = svf::index_t(1 + random.below(40));
    auto const n = svf::index_t(1 + random.below(40));
    CAPTURE(m);
    CAPTURE(n);
    auto const w = test::normal_matrix<float>(m, n, std::uint64_t(round));
    auto const expected = svf::fingerprint_of(w);

    svf::matrix<float> padded(m, n + 3);
    svf::matrix<float> columns(n, m + 2);
    for (svf::index_t i = 0; i < m; ++i) {
      for (svf::index_t j = 0; j < n; ++j) {
        padded(i, j) = w(i, j);
        columns(j, i) = w(i, j);
      }
    }
    CHECK(svf::fingerprint_of(padded.view().block(0, 0, m, n)) == expected);
    CHECK(svf::fingerprint_of(svf::transposed(columns.view().block(0, 0, n, m))) == expected);
  }
}

TEST_CASE("fingerprint: every bit, the shape and the element type count") {
  auto w = test::normal_matrix<float>(4, 6, 5);
  std::set<svf::fingerprint> seen{svf::fingerprint_of(w)};
  for (svf::index_t i = 0; i < w.size(); ++i) {
    for (unsigned bit = 0; bit < 32; ++bit) {
      flip(w.data()[i], bit);
      CHECK(seen.insert(svf::fingerprint_of(w)).second);
      flip(w.data()[i], bit);
    }
  }
  using view = svf::matrix_view<float const>;
  CHECK(seen.insert(svf::fingerprint_of(view(w.data(), 6, 4))).second);
  CHECK(seen.insert(svf::fingerprint_of(view(w.data(), 24, 1))).second);
  CHECK(seen.insert(svf::fingerprint_of(view(w.data(), 1, 24))).second);
  CHECK(seen.insert(svf::fingerprint_of(view(w.data(), 4, 5))).second);
  svf::matrix<float> const zero_float(2, 4);
  svf::matrix<double> const zero_double(2, 4);
  svf::matrix<double> const half_double(2, 2);
  CHECK(seen.insert(svf::fingerprint_of(zero_float)).second);
  CHECK(seen.insert(svf::fingerprint_of(zero_double)).second);
  CHECK(seen.insert(svf::fingerprint_of(half_double)).second);
  CHECK(seen.insert(svf::fingerprint_of(svf::matrix<float>())).second);
}

TEST_CASE("fingerprint: the value for given content is fixed for ever") {
  svf::matrix<float> w(2, 3);
  for (svf::index_t i = 0; i < 6; ++i) {
    w.data()[i] = float(i) - 2.5f;
  }
  // Computed with the reference xxHash: XXH64 over the three 64-bit numbers 4, 2, 3 and the bytes.
  CHECK(svf::fingerprint_of(w).hex() == "64256aaf8ff56e81101ac36bb1b127a1");
}

TEST_CASE("fingerprint: hex goes both ways and refuses anything else") {
  svf::fingerprint const f{{0x0123456789abcdefu, 0xfedcba9876543210u}};
  CHECK(f.hex() == "0123456789abcdeffedcba9876543210");
  CHECK(svf::fingerprint::from_hex(f.hex()) == f);
  for (std::string const bad : {"", "0123456789abcdeffedcba987654321",
                                "g123456789abcdeffedcba9876543210",
                                "0123456789ABCDEFFEDCBA9876543210",
                                "0123456789abcdeffedcba98765432100",
                                "-123456789abcdeffedcba9876543210"}) {
    CAPTURE(bad);
    CHECK_THROWS_AS((void)svf::fingerprint::from_hex(bad), svf::error);
  }
}

TEST_CASE("fingerprint: a combination depends on every part and their order") {
  svf::fingerprint const a{{1, 2}};
  svf::fingerprint const b{{3, 4}};
  auto const combined = [](std::vector<svf::fingerprint> const& parts) {
    return svf::combine(parts);
  };
  std::set<svf::fingerprint> const all{combined({}),     combined({a}),    combined({b}),
                                       combined({a, b}), combined({b, a}), combined({a, a, b})};
  CHECK(all.size() == 6);
  CHECK(combined({a, b}) == combined({a, b}));
}
