// SPDX-License-Identifier: Apache-2.0
#include <svfmath/factor/prune.hpp>

#include <chrono>
#include <filesystem>
#include <string>
#include <utility>

#include <doctest/doctest.h>

#include <support/cached_factors.hpp>
#include <support/raw_file.hpp>
#include <support/temp_directory.hpp>

namespace {

using std::chrono::hours;

// Five entries of 100 bytes; number i was used i hours ago.
struct five_entries {
  test::temp_directory folder;

  five_entries() {
    auto const now = std::filesystem::file_time_type::clock::now();
    for (int i = 0; i < 5; ++i) {
      test::write_raw(path(i), std::string(100, 'x'));
      std::filesystem::last_write_time(path(i), now - hours(i));
    }
  }

  std::filesystem::path path(int i) const {
    svf::factor_key const key{test::content_key(std::uint64_t(i)), svf::svd_method::gram,
                              svf::storage_precision::fp32};
    return folder.path() / key.file_name();
  }

  std::string left() const {
    std::string numbers;
    for (int i = 0; i < 5; ++i) {
      numbers += std::filesystem::exists(path(i)) ? std::to_string(i) : "";
    }
    return numbers;
  }

  svf::prune_result prune(svf::prune_limits const& limits) const {
    auto const half_an_hour = std::chrono::minutes(30);
    return svf::prune_cache(folder.path(), limits,
                            std::chrono::system_clock::now() + half_an_hour);
  }
};

}  // namespace

TEST_CASE("prune: without limits every entry stays") {
  five_entries const cache;
  auto const result = cache.prune({});
  CHECK(cache.left() == "01234");
  CHECK(result.kept == 5);
  CHECK(result.kept_bytes == 500);
  CHECK(result.removed == 0);
  CHECK(result.removed_bytes == 0);
}

TEST_CASE("prune: those used longest ago go first until the rest fits") {
  for (auto const& expected : {std::pair<std::uint64_t, std::string>{500, "01234"},
                               {499, "0123"},
                               {300, "012"},
                               {250, "01"},
                               {99, ""},
                               {0, ""}}) {
    auto const& [bytes, left] = expected;
    CAPTURE(expected.first);
    five_entries const cache;
    auto const result = cache.prune({.bytes = bytes, .age = {}});
    CHECK(cache.left() == left);
    CHECK(result.kept == left.size());
    CHECK(result.kept_bytes == 100 * left.size());
    CHECK(result.removed == 5 - left.size());
    CHECK(result.removed_bytes == 500 - 100 * left.size());
  }
}

TEST_CASE("prune: entries older than the limit go, and both limits hold at once") {
  for (auto const& expected : {std::pair<hours, std::string>{hours(5), "01234"},
                               {hours(2), "01"},
                               {hours(1), "0"},
                               {hours(0), ""}}) {
    auto const& [age, left] = expected;
    CAPTURE(expected.first.count());
    five_entries const cache;
    cache.prune({.bytes = {}, .age = age});
    CHECK(cache.left() == left);
  }
  five_entries const cache;
  cache.prune({.bytes = 300, .age = hours(2)});
  CHECK(cache.left() == "01");
}

TEST_CASE("prune: files of the earlier format and what killed processes left go in any case") {
  five_entries const cache;
  auto const earlier = cache.folder.path() / (std::string(32, 'b') + "-gram.safetensors");
  auto const hidden = "." + cache.path(1).filename().string();
  auto const mine = cache.folder.path() / "notes.safetensors";
  test::write_raw(earlier, "1234");
  test::write_raw(cache.folder.path() / (hidden + ".tmp-4-0"), "left");
  test::write_raw(cache.folder.path() / (hidden + ".lock"), "");
  test::write_raw(mine, "mine");
  auto const result = cache.prune({});
  CHECK(!std::filesystem::exists(earlier));
  CHECK(std::filesystem::exists(mine));
  CHECK(result.removed == 1);
  CHECK(result.removed_bytes == 4);
  CHECK(result.abandoned == 2);
  CHECK(cache.left() == "01234");
}

TEST_CASE("prune: a folder that is missing, and an entry that cannot be removed") {
  test::temp_directory const folder;
  CHECK(test::says(
      test::refusal_of([&] { svf::prune_cache(folder.path() / "missing", {}); }),
      "cannot list the folder"));
  five_entries const cache;
  std::filesystem::remove(cache.path(4));
  std::filesystem::create_directories(cache.path(4) / "in the way");
  CHECK(test::says(test::refusal_of([&] { cache.prune({.bytes = 0, .age = {}}); }),
                   "prune_cache: cannot remove '" + cache.path(4).string()));
}
