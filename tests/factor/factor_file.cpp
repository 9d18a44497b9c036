// SPDX-License-Identifier: Apache-2.0
#include <svfmath/factor/factor_file.hpp>

#include <algorithm>
#include <filesystem>
#include <limits>
#include <string>

#include <doctest/doctest.h>
#include <svfmath/io/safetensors.hpp>

#include <support/cached_factors.hpp>
#include <support/raw_file.hpp>
#include <support/temp_directory.hpp>

namespace {

svf::factor_key file_key(svf::storage_precision precision) {
  return {{{12, 34}}, svf::svd_method::gram, precision};
}

svf::factor_key const plain_key = file_key(svf::storage_precision::fp32);

}  // namespace

TEST_CASE("factor_file: is plain safetensors that says what it holds") {
  test::temp_directory const folder;
  auto const path = folder.path() / "factors.safetensors";
  for (auto const precision : test::all_precisions) {
    CAPTURE(svf::to_string(precision));
    auto const entry = test::some_factors(6, 4, 5, precision);
    svf::write_factors(path, file_key(precision), entry);

    svf::safetensors_file const file(path);
    auto const type = svf::dtype_of_precision(precision);
    CHECK(file.tensors().size() == 4);
    CHECK(file.at("u").shape == std::vector<std::uint64_t>{6, 4});
    CHECK(file.at("u").type == type);
    CHECK(file.at("s").shape == std::vector<std::uint64_t>{4});
    CHECK(file.at("s").type == svf::dtype::f32);
    CHECK(file.at("vt").shape == std::vector<std::uint64_t>{4, 4});
    CHECK(file.at("vt").type == type);
    CHECK(file.at("checksums").shape == std::vector<std::uint64_t>{32});
    CHECK(file.header().size() % 64 == 0);
    CHECK(file.tensors().front().name == "s");
    CHECK(file.tensors().back().name == "checksums");
    auto const& metadata = file.metadata();
    CHECK(metadata.at("format") == "svfmath-factors-2");
    CHECK(metadata.at("fingerprint") == plain_key.content.hex());
    CHECK(metadata.at("method") == "gram");
    CHECK(metadata.at("precision") == svf::to_string(precision));
    CHECK(metadata.at("content_blake2b") == entry.digest.hex());
    CHECK(std::stod(metadata.at("reconstruction")) == entry.accuracy.reconstruction);
    CHECK(std::stod(metadata.at("unrounded_reconstruction")) == entry.unrounded.reconstruction);
    // As numbers, by a reader that knows nothing of factors.
    auto const u = file.read_matrix("u");
    CHECK(std::equal(u.data(), u.data() + u.size(), entry.factors.u.data()));
    CHECK(test::same_entry(svf::read_factors(path, file_key(precision)), entry));
  }
}

TEST_CASE("factor_file: the same factors give the same bytes") {
  test::temp_directory const folder;
  for (char const* const name : {"a", "b"}) {
    svf::write_factors(folder.path() / name, plain_key, test::some_factors(7, 9, 2));
  }
  CHECK(test::read_raw(folder.path() / "a") == test::read_raw(folder.path() / "b"));
}

TEST_CASE("factor_file: another matrix, method or precision is refused by file") {
  test::temp_directory const folder;
  auto const path = folder.path() / "factors.safetensors";
  svf::write_factors(path, plain_key, test::some_factors(5, 3));
  auto const refusal = [&](svf::factor_key const& wanted) {
    return test::refusal_of([&] { svf::read_factors(path, wanted); });
  };
  std::string const name = path.string();
  auto wanted = plain_key;
  wanted.content.words[1] ^= 1;
  CHECK(refusal(wanted) == name + ": expected fingerprint '" + wanted.content.hex() + "', got '" +
                               plain_key.content.hex() + "'");
  wanted = plain_key;
  wanted.method = svf::svd_method::jacobi;
  CHECK(refusal(wanted) == name + ": expected method 'jacobi', got 'gram'");
  CHECK(refusal(file_key(svf::storage_precision::bf16)) ==
        name + ": expected precision 'bf16', got 'fp32'");
  CHECK(refusal(plain_key).empty());
  std::filesystem::remove(path);
  CHECK(test::says(refusal(plain_key), name));
}

TEST_CASE("factor_file: what is no factors, or not rounded, is not written") {
  test::temp_directory const folder;
  auto const path = folder.path() / "factors.safetensors";
  float const nan = std::numeric_limits<float>::quiet_NaN();
  auto const refused = [&](svf::factor_key const& key, auto const& damage) {
    auto bad = test::some_factors(5, 3, 0, key.precision);
    damage(bad);
    auto const message = test::refusal_of([&] { svf::write_factors(path, key, bad); });
    CHECK(test::says(message, "write_factors: expected"));
    return message;
  };
  for (auto const precision : test::all_precisions) {
    auto const key = file_key(precision);
    refused(key, [&](auto& e) { e.factors.u(4, 2) = nan; });
    refused(key, [](auto& e) { e.factors.vt(0, 0) = std::numeric_limits<float>::infinity(); });
    refused(key, [](auto& e) { e.factors.s[2] = -1.0f; });
    refused(key, [](auto& e) { e.factors.s[1] = e.factors.s[0] * 2.0f; });
    refused(key, [&](auto& e) { e.factors.s[0] = nan; });
    refused(key, [&](auto& e) { e.accuracy.orthogonality = double(nan); });
    refused(key, [&](auto& e) { e.unrounded.reconstruction = double(nan); });
    refused(key, [](auto& e) { e.factors.s = svf::vector<float>(2); });
  }
  auto const third = [](auto& e) { e.factors.vt(1, 1) = 1.0f / 3.0f; };
  CHECK(test::says(refused(file_key(svf::storage_precision::bf16), third), "rounded to bf16"));
  CHECK(test::says(refused(file_key(svf::storage_precision::fp16), third), "rounded to fp16"));
  CHECK(std::filesystem::is_empty(folder.path()));
}
