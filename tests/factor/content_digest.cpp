// SPDX-License-Identifier: Apache-2.0
#include <svfmath/factor/content_digest.hpp>

#include <algorithm>
#include <cstring>
#include <iterator>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include <doctest/doctest.h>
#include <svfmath/core/matrix.hpp>
#include <svfmath/core/random.hpp>
#include <svfmath/factor/detail/xxh3.hpp>

#include <support/cached_factors.hpp>

namespace {

// The messages that the vectors below are of.
std::string numbered_bytes(std::size_t size) {
  std::string text(size, '\0');
  for (std::size_t i = 0; i < size; ++i) {
    text[i] = char((i * 7 + (i >> 8) * 13) & 255u);
  }
  return text;
}

std::span<std::byte const> in_bytes(std::string_view text) {
  return std::as_bytes(std::span(text));
}

std::string blake2b_256(std::string_view text) {
  svf::detail::blake2b<32> hash;
  hash.update(in_bytes(text));
  return svf::content_digest{hash.digest()}.hex();
}

}  // namespace

TEST_CASE("content_digest: BLAKE2b agrees with RFC 7693 and with hashlib.blake2b of Python") {
  // RFC 7693, appendix A.
  svf::detail::blake2b<64> hash;
  hash.update(in_bytes("abc"));
  auto const digest = hash.digest();
  svf::content_digest halves[2];
  std::memcpy(halves, digest.data(), digest.size());
  CHECK(halves[0].hex() == "ba80a53f981c4d0d6a2797b69f12f6e94c212f14685ac4b74b12bb6fdbffa2d1");
  CHECK(halves[1].hex() == "7d87c5392aab792dc252d5de4533cc9518d38aa8dbf1925ab92386edd4009923");
  // Around the ends of blocks of 128 bytes.
  std::pair<std::size_t, char const*> const vectors[] = {
      {0, "0e5751c026e543b2e8ab2eb06099daa1d1e5df47778f7787faab45cdf12fe3a8"},
      {1, "03170a2e7597b7b7e3d84c05391d139a62b157e78786d8c082f29dcf4c111314"},
      {127, "4ff62e7c4c43fe101a078479c48836be4907d9d498dcc577ca89d694b2c11f9b"},
      {128, "14696d2a98d9f8a280da8b132b1045b345e1033759c6b02fcc4ee885c8ae7c37"},
      {129, "3934215260b1039be9d9d2b073b059bcd50120c327a22af93eb4d98cf821c14c"},
      {255, "a3bb8b4fa098078d32bb5a89e905e237862fd83e99141ca7d8a073bb268ba2a0"},
      {256, "3d0cb2693dfbac42af5a6cc960953fea8714aa39c4bcd054ef61d6b5e98ade4a"},
      {257, "558813b5ca9192dbea2b1c2df1075efe3408632f07df3119eef3c002b6ecff91"},
      {1000, "2cfff366204c49ea83d48e47463cfdf9d1b6b5fc5facb6635d85dc3b6e984741"}};
  for (auto const& vector : vectors) {
    auto const [size, expected] = vector;
    CAPTURE(vector.first);
    CHECK(blake2b_256(numbered_bytes(size)) == expected);
  }
}

TEST_CASE("content_digest: a message in pieces has the digest of the whole") {
  svf::generator random(17);
  std::string const text = numbered_bytes(1000);
  for (int round = 0; round < 200; ++round) {
    CAPTURE(round);
    std::string_view rest = std::string_view(text).substr(0, random.below(text.size() + 1));
    std::string const expected = blake2b_256(rest);
    svf::detail::blake2b<32> hash;
    while (!rest.empty()) {
      std::size_t const piece = 1 + random.below(std::min<std::size_t>(rest.size(), 300));
      hash.update(in_bytes(rest.substr(0, piece)));
      rest.remove_prefix(piece);
    }
    CHECK(svf::content_digest{hash.digest()}.hex() == expected);
  }
}

TEST_CASE("content_digest: XXH3 agrees with the xxhash package of Python") {
  std::pair<std::size_t, std::uint64_t> const vectors[] = {
      {241, 0x541B19226F0052E8u},  {1023, 0x663B228D609C9759u}, {1024, 0xCBEB9F3A1AECCDA2u},
      {1025, 0xD95859BED3193F4Fu}, {1088, 0x934C09A2E974E726u}, {1089, 0x1C8E50F76B5CDC7Du},
      {2048, 0x8D032CE04BF3E086u}, {2049, 0xC9F1D11D16EEF6F1u}, {5000, 0x80C417DE53BDA261u},
      {100003, 0x143E0A71D0D8B4BEu}};
  for (auto const& vector : vectors) {
    auto const [size, expected] = vector;
    CAPTURE(vector.first);
    std::string const text = numbered_bytes(size);
    CHECK(svf::detail::xxh3::of(in_bytes(text)) == expected);
    // At another alignment.
    std::string const shifted = "x" + text;
    CHECK(svf::detail::xxh3::of(in_bytes(shifted).subspan(1)) == expected);
  }
  CHECK_THROWS_AS(svf::detail::xxh3::of(in_bytes(numbered_bytes(240))), svf::error);
}

TEST_CASE("content_digest: is BLAKE2b-256 of element size, shape and rows, wherever they lie") {
  svf::matrix<float> w(2, 3);
  float const elements[] = {1.0f, -2.0f, 0.5f, 3.0f, 0.0f, -0.0f};
  std::copy(std::begin(elements), std::end(elements), w.data());
  // hashlib.blake2b(struct.pack('<QQQ6f', 4, 2, 3, …), digest_size=32)
  std::string const expected = "05f7e3a1a25d703a1e0e647d637abd837e0768df9195b8bcbcb43066e9fff4ca";
  CHECK(svf::content_digest_of(w).hex() == expected);
  svf::matrix<float> columns(3, 2);
  svf::matrix<float> padded(2, 7);
  for (svf::index_t i = 0; i < 2; ++i) {
    for (svf::index_t j = 0; j < 3; ++j) {
      columns(j, i) = w(i, j);
      padded(i, j + 2) = w(i, j);
    }
  }
  CHECK(svf::content_digest_of(svf::transposed(columns.view())).hex() == expected);
  CHECK(svf::content_digest_of(padded.view().block(0, 2, 2, 3)).hex() == expected);
}

TEST_CASE("content_digest: another shape, type or element makes another digest") {
  std::set<svf::content_digest> seen;
  svf::matrix<float> w(2, 6);
  seen.insert(svf::content_digest_of(w));
  seen.insert(svf::content_digest_of(svf::matrix<float>(3, 4)));
  seen.insert(svf::content_digest_of(svf::matrix<float>(6, 2)));
  seen.insert(svf::content_digest_of(svf::matrix<double>(2, 6)));
  seen.insert(svf::content_digest_of(svf::matrix<double>(2, 3)));
  w(1, 5) = -0.0f;
  seen.insert(svf::content_digest_of(w));
  CHECK(seen.size() == 6);
}

TEST_CASE("content_digest: text there and back") {
  svf::content_digest const digest = test::some_factors(2, 2, 77).digest;
  CHECK(svf::content_digest::from_hex(digest.hex()) == digest);
  std::string const text = digest.hex();
  for (std::string const& bad : {std::string(), text.substr(1), text + "0",
                                 std::string("A") + text.substr(1), " " + text.substr(1)}) {
    CHECK(test::says(test::refusal_of([&] { svf::content_digest::from_hex(bad); }),
                     "expected 64 lower-case hexadecimal digits"));
  }
}
