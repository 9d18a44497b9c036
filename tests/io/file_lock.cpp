// SPDX-License-Identifier: Apache-2.0
#include <svfmath/io/file_lock.hpp>

#include <atomic>
#include <csignal>
#include <filesystem>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

#include <support/child_process.hpp>
#include <support/raw_file.hpp>
#include <support/temp_directory.hpp>

TEST_CASE("file_lock: one at a time among threads, and no file is left") {
  test::temp_directory const folder;
  auto const path = folder.path() / "lock";
  std::atomic<int> inside = 0;
  std::atomic<bool> alone = true;
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      for (int round = 0; round < 200; ++round) {
        svf::file_lock const lock(path);
        if (inside.fetch_add(1) != 0) {
          alone = false;
        }
        std::this_thread::yield();
        inside.fetch_sub(1);
      }
    });
  }
  for (auto& thread : threads) {
    thread.join();
  }
  CHECK(alone);
  CHECK(std::filesystem::is_empty(folder.path()));
}

TEST_CASE("file_lock: one at a time among processes") {
  test::temp_directory const folder;
  auto const path = folder.path() / "lock";
  auto const counter = folder.path() / "counter";
  test::write_raw(counter, "0");
  {
    std::vector<test::child_process> children;
    for (int c = 0; c < 4; ++c) {
      children.emplace_back([&] {
        for (int round = 0; round < 50; ++round) {
          svf::file_lock const lock(path);
          // Reading, adding and writing loses counts as soon as two do it at once.
          int const count = std::stoi(test::read_raw(counter));
          test::write_raw(counter, std::to_string(count + 1));
        }
        return true;
      });
    }
    for (auto& child : children) {
      CHECK(child.wait() == 0);
    }
  }
  CHECK(test::read_raw(counter) == "200");
}

TEST_CASE("file_lock: a holder that is killed frees it for those who wait and those who come") {
  test::temp_directory const folder;
  auto const path = folder.path() / "lock";
  test::pipe_line held;
  test::pipe_line never;
  test::child_process holder([&] {
    svf::file_lock const lock(path);
    held.send();
    never.receive();
    return true;
  });
  held.receive();
  test::pipe_line waiting;
  test::child_process waiter([&] {
    waiting.send();
    svf::file_lock const lock(path);
    return true;
  });
  waiting.receive();
  CHECK(std::filesystem::exists(path));
  CHECK(holder.kill() == -SIGKILL);
  CHECK(waiter.wait() == 0);
  { svf::file_lock const lock(path); }
  CHECK(std::filesystem::is_empty(folder.path()));
}

TEST_CASE("file_lock: a moved lock is still held") {
  test::temp_directory const folder;
  auto const path = folder.path() / "lock";
  std::optional<svf::file_lock> kept;
  {
    svf::file_lock lock(path);
    kept.emplace(std::move(lock));
  }
  CHECK(std::filesystem::exists(path));
  CHECK(!svf::detail::remove_if_unlocked(path));
  kept.reset();
  CHECK(!std::filesystem::exists(path));
}

TEST_CASE("file_lock: a folder that is missing or none is named") {
  test::temp_directory const folder;
  test::write_raw(folder.path() / "file", "x");
  auto const refusal = [](std::filesystem::path const& path) {
    try {
      svf::file_lock const lock(path);
    } catch (svf::error const& problem) {
      CHECK(problem.kind() == svf::error_kind::backend);
      return std::string(problem.what());
    }
    return std::string();
  };
  auto const missing = folder.path() / "missing" / "lock";
  CHECK(refusal(missing) == "cannot open the lock '" + missing.string() +
                                "': No such file or directory");
  auto const below = folder.path() / "file" / "lock";
  CHECK(refusal(below) == "cannot open the lock '" + below.string() + "': Not a directory");
}
