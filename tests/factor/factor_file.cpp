// SPDX-License-Identifier: Apache-2.0
#include <svfmath/factor/factor_file.hpp>

#include <algorithm>
#include <filesystem>
#include <limits>
#include <string>

#include <doctest/doctest.h>
#include <svfmath/cpu.hpp>
#include <svfmath/factor/factorize.hpp>
#include <svfmath/io/safetensors.hpp>

#include <support/random.hpp>
#include <support/raw_file.hpp>
#include <support/temp_directory.hpp>

namespace {

constexpr auto gram_method = svf::svd_method::gram;
svf::fingerprint const key{{12, 34}};

template <class F>
std::string message_of(F const& f) {
  try {
    f();
  } catch (svf::error const& e) {
    return e.what();
  }
  return "";
}

}  // namespace

TEST_CASE("factor_file: is plain safetensors that says what it holds") {
  test::temp_directory const folder;
  auto const path = folder.path() / "factors.safetensors";
  svf::cpu::seq exec;
  auto const w = test::normal_matrix<float>(6, 4, 5);
  auto const factors = svf::factorize(exec, w);
  svf::write_factors(path, key, gram_method, factors, {1e-7, 2e-7});

  svf::safetensors_file const file(path);
  CHECK(file.tensors().size() == 3);
  CHECK(file.at("u").shape == std::vector<std::uint64_t>{6, 4});
  CHECK(file.at("s").shape == std::vector<std::uint64_t>{4});
  CHECK(file.at("vt").shape == std::vector<std::uint64_t>{4, 4});
  CHECK(file.metadata().at("format") == "svfmath-factors-1");
  CHECK(file.metadata().at("fingerprint") == key.hex());
  CHECK(file.metadata().at("method") == "gram");

  auto const read = svf::read_factors(path, key, gram_method);
  CHECK(std::equal(factors.u.data(), factors.u.data() + 24, read.factors.u.data()));
  CHECK(std::equal(factors.s.begin(), factors.s.end(), read.factors.s.begin()));
  CHECK(std::equal(factors.vt.data(), factors.vt.data() + 16, read.factors.vt.data()));
  CHECK(read.accuracy.reconstruction == 1e-7);
  CHECK(read.accuracy.orthogonality == 2e-7);
}

TEST_CASE("factor_file: another matrix, another method and changed data are refused by file") {
  test::temp_directory const folder;
  auto const path = folder.path() / "factors.safetensors";
  svf::cpu::seq exec;
  svf::write_factors(path, key, gram_method,
                     svf::factorize(exec, test::normal_matrix<float>(5, 3, 1)), {0.0, 0.0});
  auto const refusal = [&](svf::fingerprint const& wanted, svf::svd_method method) {
    return message_of([&] { svf::read_factors(path, wanted, method); });
  };
  std::string const name = path.string();
  CHECK(refusal({{12, 35}}, gram_method).find(name + ": expected fingerprint '") == 0);
  CHECK(refusal(key, svf::svd_method::jacobi) ==
        name + ": expected method 'jacobi', got 'gram'");
  std::string bytes = test::read_raw(path);
  bytes.back() = char(bytes.back() ^ 1);
  test::write_raw(path, bytes);
  CHECK(refusal(key, gram_method).find(name + ": expected data with the checksum") == 0);
  std::filesystem::remove(path);
  CHECK(refusal(key, gram_method).find(name) != std::string::npos);
}

TEST_CASE("factor_file: parts that do not fit are not written") {
  test::temp_directory const folder;
  auto const path = folder.path() / "factors.safetensors";
  svf::svd_factors<float> f;
  f.u = svf::matrix<float>(3, 2);
  f.s = svf::vector<float>(3);
  f.vt = svf::matrix<float>(2, 2);
  CHECK(message_of([&] {
          svf::write_factors(path, key, gram_method, f, {0.0, 0.0});
        }).find("write_factors: expected factors u (m,r)") == 0);
  CHECK(!std::filesystem::exists(path));
}

TEST_CASE("factor_file: values that no factors have are neither written nor read") {
  test::temp_directory const folder;
  auto const path = folder.path() / "factors.safetensors";
  svf::cpu::seq exec;
  auto const good = svf::factorize(exec, test::normal_matrix<float>(5, 3, 1));
  float const nan = std::numeric_limits<float>::quiet_NaN();
  auto const refused = [&](auto const& damage) {
    auto bad = good;
    damage(bad);
    CHECK_THROWS_AS(svf::write_factors(path, key, gram_method, bad, {0.0, 0.0}), svf::error);
  };
  refused([&](auto& f) { f.u(4, 2) = nan; });
  refused([&](auto& f) { f.vt(0, 0) = std::numeric_limits<float>::infinity(); });
  refused([&](auto& f) { f.s[2] = -1.0f; });
  refused([&](auto& f) { f.s[1] = f.s[0] * 2.0f; });
  refused([&](auto& f) { f.s[0] = nan; });
  CHECK(!std::filesystem::exists(path));

  // A file made elsewhere, whose checksum is right.
  svf::write_factors(path, key, gram_method, good, {0.0, 0.0});
  svf::safetensors_file const file(path);
  auto bad = good;
  bad.s[2] = -1.0f;
  auto hash = svf::detail::begin_checksum(file.metadata(), bad);
  for (auto const bytes : {svf::detail::bytes_of(bad.u), svf::detail::bytes_of(bad.s),
                           svf::detail::bytes_of(bad.vt)}) {
    hash.update(bytes);
  }
  svf::safetensors_writer writer;
  for (auto const& [name, value] : file.metadata()) {
    writer.set_metadata(name, value);
  }
  writer.set_metadata("checksum", svf::detail::checksum_text(hash));
  writer.add_matrix("u", bad.u);
  writer.add_vector("s", bad.s);
  writer.add_matrix("vt", bad.vt);
  writer.write(path);
  CHECK(message_of([&] {
          svf::read_factors(path, key, gram_method);
        }).find(path.string() + ": expected singular values >= 0") == 0);
}
