// SPDX-License-Identifier: Apache-2.0
#include <svfmath/factor/cache_entries.hpp>

#include <chrono>
#include <filesystem>
#include <iterator>
#include <string>
#include <utility>

#include <doctest/doctest.h>
#include <svfmath/io/file_lock.hpp>

#include <support/cached_factors.hpp>
#include <support/raw_file.hpp>
#include <support/temp_directory.hpp>

TEST_CASE("cache_entries: lists entries, those used last first, and nothing else") {
  test::temp_directory const folder;
  CHECK(svf::cache_entries(folder.path()).empty());
  svf::factor_key const first{test::content_key(1), svf::svd_method::gram,
                              svf::storage_precision::fp32};
  svf::factor_key const second{test::content_key(1), svf::svd_method::gram,
                               svf::storage_precision::bf16};
  std::string const digits(32, '0');
  using std::chrono::hours;
  auto const now = std::filesystem::file_time_type::clock::now();
  std::pair<std::string, hours> const files[] = {{first.file_name(), hours(3)},
                                                 {second.file_name(), hours(1)},
                                                 {digits + "-gram.safetensors", hours(2)},
                                                 {"notes.txt", hours(0)},
                                                 {"model.safetensors", hours(0)},
                                                 {"." + first.file_name() + ".tmp-1-0", hours(0)},
                                                 {"." + first.file_name() + ".lock", hours(0)}};
  for (auto const& [name, age] : files) {
    test::write_raw(folder.path() / name, std::string(std::size_t(age.count()), 'x'));
    std::filesystem::last_write_time(folder.path() / name, now - age);
  }
  auto const entries = svf::cache_entries(folder.path());
  REQUIRE(entries.size() == 3);
  CHECK(entries[0].key == second);
  CHECK(entries[0].bytes == 1);
  CHECK(entries[0].path == folder.path() / second.file_name());
  CHECK(!entries[1].key);
  CHECK(entries[1].bytes == 2);
  CHECK(entries[2].key == first);
  auto const age = std::chrono::system_clock::now() - entries[2].last_used;
  CHECK(age >= hours(3));
  CHECK(age < hours(4));
  CHECK(test::says(
      test::refusal_of([&] { svf::cache_entries(folder.path() / "missing"); }),
      "cannot list the folder '" + (folder.path() / "missing").string()));
}

TEST_CASE("cache_entries: what killed processes left is removed, what living ones hold is not") {
  test::temp_directory const folder;
  svf::factor_key const key{test::content_key(1), svf::svd_method::gram,
                            svf::storage_precision::fp32};
  svf::factor_key const other{test::content_key(2), svf::svd_method::gram,
                              svf::storage_precision::fp32};
  std::string const hidden = "." + key.file_name();
  for (std::string const& name : {hidden + ".tmp-1-0", hidden + ".tmp-77-3", hidden + ".lock"}) {
    test::write_raw(folder.path() / name, "left");
  }
  for (std::string const& name : {std::string(".notes.tmp-1-0"), std::string(".lock"),
                                  std::string(".x.lock"), hidden + ".tmp-1", key.file_name()}) {
    test::write_raw(folder.path() / name, "of somebody else");
  }
  {
    svf::file_lock const held(folder.path() / ("." + other.file_name() + ".lock"));
    svf::atomic_file writing(folder.path() / other.file_name());
    CHECK(svf::remove_abandoned(folder.path()) == 3);
    CHECK(svf::remove_abandoned(folder.path()) == 0);
    CHECK(std::filesystem::exists(held.path()));
    writing.write("whole");
    writing.commit();
  }
  CHECK(test::read_raw(folder.path() / other.file_name()) == "whole");
  auto const files = std::filesystem::directory_iterator(folder.path());
  CHECK(std::distance(begin(files), end(files)) == 6);
}
