// SPDX-License-Identifier: Apache-2.0
#include <svfmath/factor/factor_file.hpp>

#include <algorithm>
#include <filesystem>
#include <string>

#include <doctest/doctest.h>
#include <svfmath/cpu.hpp>
#include <svfmath/factor/factorize.hpp>
#include <svfmath/io/safetensors.hpp>

#include <support/random.hpp>
#include <support/raw_file.hpp>
#include <support/temp_directory.hpp>

namespace {

constexpr auto gram = svf::svd_method::gram;
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
  svf::write_factors(path, key, gram, factors, {1e-7, 2e-7});

  svf::safetensors_file const file(path);
  CHECK(file.tensors().size() == 3);
  CHECK(file.at("u").shape == std::vector<std::uint64_t>{6, 4});
  CHECK(file.at("s").shape == std::vector<std::uint64_t>{4});
  CHECK(file.at("vt").shape == std::vector<std::uint64_t>{4, 4});
  CHECK(file.metadata().at("format") == "svfmath-factors-1");
  CHECK(file.metadata().at("fingerprint") == key.hex());
  CHECK(file.metadata().at("method") == "gram");

  auto const read = svf::read_factors(path, key, gram);
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
  svf::write_factors(path, key, gram, svf::factorize(exec, test::normal_matrix<float>(5, 3, 1)),
                     {0.0, 0.0});
  auto const refusal = [&](svf::fingerprint const& wanted, svf::svd_method method) {
    return message_of([&] { svf::read_factors(path, wanted, method); });
  };
  std::string const name = path.string();
  CHECK(refusal({{12, 35}}, gram).find(name + ": expected fingerprint '") == 0);
  CHECK(refusal(key, svf::svd_method::jacobi) ==
        name + ": expected method 'jacobi', got 'gram'");
  std::string bytes = test::read_raw(path);
  bytes.back() = char(bytes.back() ^ 1);
  test::write_raw(path, bytes);
  CHECK(refusal(key, gram).find(name + ": expected data with the checksum") == 0);
  std::filesystem::remove(path);
  CHECK(refusal(key, gram).find(name) != std::string::npos);
}

TEST_CASE("factor_file: parts that do not fit are not written") {
  test::temp_directory const folder;
  auto const path = folder.path() / "factors.safetensors";
  svf::svd_factors<float> f;
  f.u = svf::matrix<float>(3, 2);
  f.s = svf::vector<float>(3);
  f.vt = svf::matrix<float>(2, 2);
  CHECK(message_of([&] { svf::write_factors(path, key, gram, f, {0.0, 0.0}); })
            .find("write_factors: expected factors u (m,r)") == 0);
  CHECK(!std::filesystem::exists(path));
}
