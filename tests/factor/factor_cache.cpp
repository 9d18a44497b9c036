// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <limits>
#include <string>
#include <thread>
#include <vector>

#include <svfmath/core/random.hpp>
#include <svfmath/factor/factor_cache.hpp>

#include <support/random.hpp>
#include <support/raw_file.hpp>
#include <support/temp_directory.hpp>

namespace {

constexpr auto by_gram = svf::svd_method::gram;

// Not factors of anything, but with the shapes of some. `version` tells one from another.
svf::svd_factors<float> factors_of(svf::index_t m, svf::index_t n, std::uint64_t version = 0) {
  svf::index_t const r = std::min(m, n);
  svf::svd_factors<float> f;
  f.u = test::normal_matrix<float>(m, r, 3 * version);
  f.s = svf::vector<float>(r);
  for (svf::index_t i = 0; i < r; ++i) {
    f.s[i] = float(r - i) + float(version);
  }
  f.vt = test::normal_matrix<float>(r, n, 3 * version + 1);
  return f;
}

bool same(svf::svd_factors<float> const& a, svf::svd_factors<float> const& b) {
  return a.rows() == b.rows() && a.cols() == b.cols() && a.rank() == b.rank() &&
         std::equal(a.u.data(), a.u.data() + a.u.size(), b.u.data()) &&
         std::equal(a.s.begin(), a.s.end(), b.s.begin()) &&
         std::equal(a.vt.data(), a.vt.data() + a.vt.size(), b.vt.data());
}

svf::fingerprint key_of(std::uint64_t i) { return {{i, ~i}}; }

}  // namespace

TEST_CASE("factor_cache: gives back exactly what was stored, by key and method") {
  test::temp_directory const folder;
  std::vector<std::string> warnings;
  auto const directory = folder.path() / "made" / "on demand";
  svf::factor_cache const cache(directory, [&](std::string const& w) { warnings.push_back(w); });
  CHECK(cache.count() == 0);
  svf::index_t const shapes[][2] = {{1, 1}, {7, 3}, {3, 7}, {1, 5}, {64, 64}, {200, 300}};
  std::uint64_t key = 0;
  for (auto const& [m, n] : shapes) {
    auto const f = factors_of(m, n, key);
    CHECK(!cache.find(key_of(key), by_gram));
    cache.store(key_of(key), by_gram, f, {1.0 / 3.0 * 1e-7, 5e-324});
    auto const found = cache.find(key_of(key), by_gram);
    REQUIRE(found);
    CHECK(same(found->factors, f));
    CHECK(found->accuracy.reconstruction == 1.0 / 3.0 * 1e-7);
    CHECK(found->accuracy.orthogonality == 5e-324);
    CHECK(!cache.find(key_of(key), svf::svd_method::jacobi));
    CHECK(cache.count() == ++key);
  }
  cache.store(key_of(0), by_gram, factors_of(5, 4, 77), {0.0, 0.0});
  CHECK(same(cache.find(key_of(0), by_gram)->factors, factors_of(5, 4, 77)));
  CHECK(cache.count() == key);
  CHECK(warnings.empty());
  svf::factor_cache const again(directory);
  CHECK(again.find(key_of(1), by_gram));
}

TEST_CASE("factor_cache: every flipped bit is found") {
  test::temp_directory const folder;
  std::size_t warnings = 0;
  std::string last;
  svf::factor_cache const cache(folder.path(), [&](std::string const& w) {
    ++warnings;
    last = w;
  });
  auto const f = factors_of(4, 3, 1);
  cache.store(key_of(9), by_gram, f, {1e-7, 2e-7});
  auto const path = cache.path_of(key_of(9), by_gram);
  std::string const good = test::read_raw(path);
  std::size_t accepted = 0;
  for (std::size_t i = 0; i < good.size(); ++i) {
    std::string bad = good;
    bad[i] = char(bad[i] ^ (1 << (i % 8)));
    test::write_raw(path, bad);
    std::size_t const before = warnings;
    auto const found = cache.find(key_of(9), by_gram);
    CAPTURE(i);
    if (found) {
      // Blanks of the header may change into other blanks.
      ++accepted;
      CHECK(same(found->factors, f));
      CHECK(found->accuracy.reconstruction == 1e-7);
    } else {
      CHECK(warnings == before + 1);
      CHECK(last.find(path.filename().string()) != std::string::npos);
    }
  }
  CHECK(accepted < 8);
  for (std::size_t size = 0; size < good.size(); ++size) {
    test::write_raw(path, good.substr(0, size));
    CHECK(!cache.find(key_of(9), by_gram));
  }
  test::write_raw(path, good + "x");
  CHECK(!cache.find(key_of(9), by_gram));
  test::write_raw(path, good);
  CHECK(same(cache.find(key_of(9), by_gram)->factors, f));
}

TEST_CASE("factor_cache: an entry of another matrix, method or shape is not used") {
  test::temp_directory const folder;
  std::string last;
  svf::factor_cache const cache(folder.path(), [&](std::string const& w) { last = w; });
  cache.store(key_of(1), by_gram, factors_of(4, 3), {0.0, 0.0});
  std::filesystem::copy(cache.path_of(key_of(1), by_gram), cache.path_of(key_of(2), by_gram));
  CHECK(!cache.find(key_of(2), by_gram));
  CHECK(last.find("expected fingerprint '" + key_of(2).hex()) != std::string::npos);
  std::filesystem::copy(cache.path_of(key_of(1), by_gram),
                        cache.path_of(key_of(1), svf::svd_method::jacobi));
  CHECK(!cache.find(key_of(1), svf::svd_method::jacobi));
  CHECK(last.find("expected method 'jacobi', got 'gram'") != std::string::npos);
  std::filesystem::create_directory(cache.path_of(key_of(3), by_gram));
  CHECK(!cache.find(key_of(3), by_gram));
  CHECK(last.find("got a folder") != std::string::npos);

  svf::safetensors_writer writer;  // well-formed, but not factors
  svf::matrix<float> const square(3, 3);
  writer.add_matrix("u", square);
  writer.add_matrix("vt", square);
  svf::vector<float> const two(2);
  writer.add_vector("s", two);
  for (auto const& [name, value] :
       {std::pair{"format", "svfmath-factors-1"}, {"method", "gram"}, {"reconstruction", "0"},
        {"orthogonality", "nan"}, {"checksum", "0"}}) {
    writer.set_metadata(name, value);
  }
  writer.set_metadata("fingerprint", key_of(4).hex());
  writer.write(cache.path_of(key_of(4), by_gram));
  CHECK(!cache.find(key_of(4), by_gram));
  CHECK(last.find("orthogonality: expected a finite number, got 'nan'") != std::string::npos);
  writer.set_metadata("orthogonality", "0");
  writer.write(cache.path_of(key_of(4), by_gram));
  CHECK(!cache.find(key_of(4), by_gram));
  CHECK(last.find("expected u (m,r), s (r), vt (r,n)") != std::string::npos);
}

TEST_CASE("factor_cache: refuses what is not factors, and a folder it cannot have") {
  test::temp_directory const folder;
  svf::factor_cache const cache(folder.path());
  auto unfit = factors_of(4, 3);
  unfit.s = svf::vector<float>(2);
  CHECK_THROWS_AS(cache.store(key_of(1), by_gram, unfit, {0.0, 0.0}), svf::error);
  double const nan = std::numeric_limits<double>::quiet_NaN();
  CHECK_THROWS_AS(cache.store(key_of(1), by_gram, factors_of(4, 3), {nan, 0.0}), svf::error);
  CHECK(cache.count() == 0);
  test::write_raw(folder.path() / "file", "x");
  CHECK_THROWS_AS(svf::factor_cache(folder.path() / "file"), svf::error);
  CHECK_THROWS_AS(svf::factor_cache(folder.path() / "file" / "below"), svf::error);
}

TEST_CASE("factor_cache: threads store and find at once") {
  test::temp_directory const folder;
  svf::factor_cache const cache(folder.path());
  std::vector<std::thread> threads;
  std::vector<int> wrong(4, 0);
  for (std::size_t t = 0; t < 4; ++t) {
    threads.emplace_back([&, t] {
      for (std::uint64_t i = 0; i < 20; ++i) {
        cache.store(key_of(i % 3), by_gram, factors_of(20, 30, i % 3), {0.0, 0.0});
        auto const found = cache.find(key_of(i % 3), by_gram);
        wrong[t] += found && same(found->factors, factors_of(20, 30, i % 3)) ? 0 : 1;
      }
    });
  }
  for (auto& thread : threads) {
    thread.join();
  }
  CHECK(wrong == std::vector<int>(4, 0));
  CHECK(cache.count() == 3);
}

TEST_CASE("factor_cache: a process killed while it stores leaves the previous entry readable") {
  test::temp_directory const folder;
  int damaged = 0;
  svf::factor_cache const cache(folder.path(), [&](std::string const&) { ++damaged; });
  std::vector<svf::svd_factors<float>> versions;
  for (std::uint64_t v = 0; v < 2; ++v) {
    versions.push_back(factors_of(150, 120, v));
  }
  cache.store(key_of(1), by_gram, versions[0], {0.0, 0.0});
  svf::generator random(2024);
  for (int kill = 0; kill < 60; ++kill) {
    pid_t const child = ::fork();
    REQUIRE(child >= 0);
    if (child == 0) {
      for (std::size_t v = 0;; v = 1 - v) {
        cache.store(key_of(1), by_gram, versions[v], {0.0, 0.0});
      }
    }
    ::usleep(useconds_t(200 + random.below(6000)));
    ::kill(child, SIGKILL);
    int status = 0;
    REQUIRE(::waitpid(child, &status, 0) == child);
    REQUIRE(WIFSIGNALED(status));
    auto const found = cache.find(key_of(1), by_gram);
    CAPTURE(kill);
    REQUIRE(found);
    CHECK((same(found->factors, versions[0]) || same(found->factors, versions[1])));
  }
  CHECK(damaged == 0);
  // The next writer removes what the killed ones left.
  cache.store(key_of(1), by_gram, versions[0], {0.0, 0.0});
  auto const files = std::filesystem::directory_iterator(folder.path());
  CHECK(std::distance(begin(files), end(files)) == 1);
}
