// SPDX-License-Identifier: Apache-2.0
#include <svfmath/factor/factor_cache.hpp>

#include <chrono>
#include <filesystem>
#include <limits>
#include <string>
#include <thread>
#include <vector>

#include <doctest/doctest.h>
#include <svfmath/factor/factorize.hpp>

#include <support/cached_factors.hpp>
#include <support/raw_file.hpp>
#include <support/temp_directory.hpp>

namespace {

constexpr auto by_gram = svf::svd_method::gram;

svf::cached_factors<float> never_computed() {
  FAIL("expected no computation");
  return {};
}

}  // namespace

TEST_CASE("factor_cache: gives back exactly what was stored, by matrix, method and precision") {
  test::temp_directory const folder;
  std::vector<std::string> warnings;
  auto const warn = [&](std::string const& w) { warnings.push_back(w); };
  auto const directory = folder.path() / "made" / "on demand";
  svf::index_t const shapes[][2] = {{1, 1}, {7, 3}, {3, 7}, {1, 5}, {64, 64}, {200, 300}};
  std::size_t stored = 0;
  for (auto const precision : test::all_precisions) {
    CAPTURE(svf::to_string(precision));
    svf::factor_cache const cache(directory, warn, precision);
    CHECK(cache.precision() == precision);
    std::uint64_t i = 0;
    for (auto const& [m, n] : shapes) {
      auto const entry = test::some_factors(m, n, i, precision);
      auto const key = test::content_key(i++);
      CHECK(!cache.find(key, by_gram));
      cache.store(key, by_gram, entry);
      auto const found = cache.find(key, by_gram);
      REQUIRE(found);
      CHECK(test::same_entry(*found, entry));
      CHECK(!cache.find(key, svf::svd_method::jacobi));
      CHECK(cache.count() == ++stored);
    }
  }
  svf::factor_cache const cache(directory, warn);
  auto const replaced = test::some_factors(5, 4, 77);
  cache.store(test::content_key(0), by_gram, replaced);
  CHECK(test::same_entry(*cache.find(test::content_key(0), by_gram), replaced));
  CHECK(cache.count() == stored);
  CHECK(warnings.empty());
}

TEST_CASE("factor_cache: gives factors of 16 bits where it keeps them, and refuses to elsewhere") {
  test::temp_directory const folder;
  std::vector<std::string> warnings;
  auto const warn = [&](std::string const& w) { warnings.push_back(w); };
  auto const key = test::content_key(3);
  svf::factor_cache const narrow(folder.path(), warn, svf::storage_precision::bf16);
  auto const entry = test::some_factors(7, 5, 1, svf::storage_precision::bf16);
  narrow.store(key, by_gram, entry);
  auto const found = narrow.find<svf::bfloat16>(key, by_gram);
  REQUIRE(found);
  for (svf::index_t i = 0; i < 7; ++i) {
    CHECK(float(found->factors.u(i, 0)) == entry.factors.u(i, 0));
  }
  CHECK_THROWS_WITH_AS(narrow.find<svf::float16>(key, by_gram),
                       "factor_cache: expected to be asked for fp32 or the cache's own precision, "
                       "bf16, got fp16",
                       svf::error);
  svf::factor_cache const wide(folder.path(), warn);
  wide.store(key, by_gram, test::some_factors(7, 5, 1));
  CHECK_THROWS_AS(wide.find<svf::bfloat16>(key, by_gram), svf::error);
  CHECK(wide.find(key, by_gram));
  CHECK(warnings.empty());
}

TEST_CASE("factor_cache: a damaged entry is reported, computed again and then whole") {
  test::temp_directory const folder;
  std::vector<std::string> warnings;
  svf::factor_cache const cache(folder.path(),
                                [&](std::string const& w) { warnings.push_back(w); });
  auto const key = test::content_key(9);
  auto const entry = test::some_factors(40, 30, 1);
  auto const path = cache.path_of(key, by_gram);
  cache.store(key, by_gram, entry);
  std::string const good = test::read_raw(path);
  std::size_t const offsets[] = {0, 9, good.size() / 2, good.size() - 1};
  for (std::size_t const at : offsets) {
    CAPTURE(at);
    std::string bad = good;
    bad[at] = char(bad[at] ^ 1);
    test::write_raw(path, bad);
    warnings.clear();
    CHECK(!cache.find(key, by_gram));
    REQUIRE(warnings.size() == 1);
    CHECK(test::says(warnings[0], "damaged and will not be used"));
    CHECK(test::says(warnings[0], path.string()));
    int computations = 0;
    auto const answer = cache.find_or_compute(key, by_gram, [&] {
      ++computations;
      return entry;
    });
    CHECK(computations == 1);
    CHECK(answer.outcome == svf::cache_outcome::computed);
    CHECK(warnings.size() == 2);  // once more, not once for each look
    CHECK(test::same_entry(answer.entry, entry));
    CHECK(test::read_raw(path) == good);
    CHECK(cache.find_or_compute(key, by_gram, never_computed).outcome ==
          svf::cache_outcome::found);
  }
}

TEST_CASE("factor_cache: an entry of another matrix, method or precision is not used") {
  test::temp_directory const folder;
  std::string last;
  auto const warn = [&](std::string const& w) { last = w; };
  svf::factor_cache const cache(folder.path(), warn);
  auto const key = test::content_key(1);
  cache.store(key, by_gram, test::some_factors(4, 3));
  auto const misplace = [&](std::filesystem::path const& to) {
    std::filesystem::copy(cache.path_of(key, by_gram), to);
  };
  misplace(cache.path_of(test::content_key(2), by_gram));
  CHECK(!cache.find(test::content_key(2), by_gram));
  CHECK(test::says(last, "expected fingerprint '" + test::content_key(2).hex()));
  misplace(cache.path_of(key, svf::svd_method::jacobi));
  CHECK(!cache.find(key, svf::svd_method::jacobi));
  CHECK(test::says(last, "expected method 'jacobi', got 'gram'"));
  svf::factor_cache const halves(folder.path(), warn, svf::storage_precision::fp16);
  CHECK(!halves.find(key, by_gram));
  misplace(halves.path_of(key, by_gram));
  CHECK(!halves.find(key, by_gram));
  CHECK(test::says(last, "expected precision 'fp16', got 'fp32'"));
  std::filesystem::create_directory(cache.path_of(test::content_key(3), by_gram));
  CHECK(!cache.find(test::content_key(3), by_gram));
  CHECK(test::says(last, "got a folder"));
  std::filesystem::create_symlink("nowhere", cache.path_of(test::content_key(4), by_gram));
  CHECK(!cache.find(test::content_key(4), by_gram));
  CHECK(test::says(last, "No such file"));
}

TEST_CASE("factor_cache: refuses what is not factors, and a folder it cannot have") {
  test::temp_directory const folder;
  svf::factor_cache const cache(folder.path());
  auto const key = test::content_key(1);
  auto unfit = test::some_factors(4, 3);
  unfit.factors.s = svf::vector<float>(2);
  CHECK_THROWS_AS(cache.store(key, by_gram, unfit), svf::error);
  CHECK_THROWS_AS(cache.find_or_compute(key, by_gram, [&] { return unfit; }), svf::error);
  auto unmeasured = test::some_factors(4, 3);
  unmeasured.accuracy.reconstruction = std::numeric_limits<double>::quiet_NaN();
  CHECK_THROWS_AS(cache.store(key, by_gram, unmeasured), svf::error);
  CHECK_THROWS_AS(cache.find_or_compute(
                      key, by_gram,
                      []() -> svf::cached_factors<float> {
                        svf::fail(svf::error_kind::numeric, "from the computation");
                      }),
                  svf::error);
  CHECK(std::filesystem::is_empty(folder.path()));  // no lock is left either
  test::write_raw(folder.path() / "file", "x");
  CHECK(test::says(test::refusal_of([&] { svf::factor_cache(folder.path() / "file"); }),
                   "factor_cache: cannot make the folder '"));
  CHECK_THROWS_AS(svf::factor_cache(folder.path() / "file" / "below"), svf::error);
}

TEST_CASE("factor_cache: what is computed comes from the file, as what is found") {
  test::temp_directory const folder;
  svf::cpu::seq exec;
  auto const w = test::normal_matrix<float>(30, 20, 3);
  auto const key = svf::fingerprint_of(w);
  for (auto const precision : test::all_precisions) {
    CAPTURE(svf::to_string(precision));
    svf::factor_cache const cache(folder.path(), {}, precision);
    auto const made = cache.find_or_compute(key, by_gram, [&] {
      return svf::factors_to_keep(exec, w, svf::factorize(exec, w), cache.precision());
    });
    CHECK(made.outcome == svf::cache_outcome::computed);
    CHECK(made.entry.digest == svf::content_digest_of(w));
    auto const found = cache.find_or_compute(key, by_gram, never_computed);
    CHECK(found.outcome == svf::cache_outcome::found);
    CHECK(test::same_entry(found.entry, made.entry));
    // A bound for this precision, so the entry is not that of another.
    auto const accuracy = svf::measure_accuracy(exec, w, found.entry.factors);
    CHECK(accuracy.reconstruction == found.entry.accuracy.reconstruction);
    CHECK((accuracy.reconstruction > 1e-5) == (precision != svf::storage_precision::fp32));
  }
  CHECK(svf::factor_cache(folder.path()).count() == 3);
}

TEST_CASE("factor_cache: an entry that is found counts as used now") {
  test::temp_directory const folder;
  svf::factor_cache const cache(folder.path());
  auto const key = test::content_key(1);
  cache.store(key, by_gram, test::some_factors(4, 3));
  auto const path = cache.path_of(key, by_gram);
  auto const long_ago = std::filesystem::file_time_type::clock::now() - std::chrono::hours(100);
  std::filesystem::last_write_time(path, long_ago);
  CHECK(cache.find(key, by_gram));
  auto const age = std::filesystem::file_time_type::clock::now() -
                   std::filesystem::last_write_time(path);
  CHECK(age < std::chrono::hours(1));
}

TEST_CASE("factor_cache: factors in use outlive their entry") {
  test::temp_directory const folder;
  svf::factor_cache const cache(folder.path());
  auto const key = test::content_key(1);
  auto const entry = test::some_factors(50, 60, 4);
  cache.store(key, by_gram, entry);
  auto const found = cache.find(key, by_gram);
  cache.store(key, by_gram, test::some_factors(50, 60, 5));
  std::filesystem::remove(cache.path_of(key, by_gram));
  CHECK(test::same_entry(*found, entry));
}

TEST_CASE("factor_cache: threads store and find at once") {
  test::temp_directory const folder;
  svf::factor_cache const cache(folder.path());
  std::vector<std::thread> threads;
  std::vector<int> wrong(4, 0);
  for (std::size_t t = 0; t < 4; ++t) {
    threads.emplace_back([&, t] {
      for (std::uint64_t i = 0; i < 20; ++i) {
        auto const entry = test::some_factors(20, 30, i % 3);
        cache.store(test::content_key(i % 3), by_gram, entry);
        auto const found = cache.find(test::content_key(i % 3), by_gram);
        wrong[t] += found && test::same_entry(*found, entry) ? 0 : 1;
      }
    });
  }
  for (auto& thread : threads) {
    thread.join();
  }
  CHECK(wrong == std::vector<int>(4, 0));
  CHECK(cache.count() == 3);
}
