// SPDX-License-Identifier: Apache-2.0
#include <svfmath/factor/factor_cache.hpp>

#include <sys/resource.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <csignal>
#include <cstdint>
#include <filesystem>
#include <iterator>
#include <string>
#include <thread>
#include <vector>

#include <doctest/doctest.h>
#include <svfmath/core/random.hpp>

#include <support/cached_factors.hpp>
#include <support/child_process.hpp>
#include <support/raw_file.hpp>
#include <support/temp_directory.hpp>

// What happens to a cache between processes, when they die, and when its folder fails.
namespace {

constexpr auto cached_by = svf::svd_method::gram;

std::size_t files_of_cache(svf::factor_cache const& cache) {
  auto const files = std::filesystem::directory_iterator(cache.directory());
  return std::size_t(std::distance(begin(files), end(files)));
}

// Asks for entry i of 40×30 and counts what was computed.
svf::cache_answer ask(svf::factor_cache const& cache, std::uint64_t i, int& computations) {
  return cache.find_or_compute(test::content_key(i), cached_by, [&] {
    ++computations;
    return test::some_factors(40, 30, i);
  });
}

bool right(svf::cache_answer const& answer, std::uint64_t i) {
  return test::same_entry(answer.entry, test::some_factors(40, 30, i));
}

}  // namespace

TEST_CASE("factor_cache: killed at any moment, every entry is absent or whole") {
  test::temp_directory const folder;
  int damaged = 0;
  svf::factor_cache const cache(folder.path(), [&](std::string const&) { ++damaged; });
  std::vector<svf::cached_factors<float>> versions;
  for (std::uint64_t v = 0; v < 3; ++v) {
    versions.push_back(test::some_factors(150, 120, v));
  }
  constexpr std::uint64_t entries = 4;
  auto const start = std::chrono::steady_clock::now();
  for (std::uint64_t i = 0; i < entries; ++i) {
    cache.store(test::content_key(i), cached_by, versions[0]);
  }
  auto const lap = std::chrono::duration_cast<std::chrono::microseconds>(
      std::chrono::steady_clock::now() - start);
  std::uint64_t const seed = 2024;
  CAPTURE(seed);
  svf::generator random(seed);
  std::size_t absent = 0;
  std::size_t whole = 0;
  for (int kill = 0; kill < 250; ++kill) {
    CAPTURE(kill);
    if (kill % 10 == 0) {
      for (std::uint64_t i = 0; i < entries; ++i) {
        std::filesystem::remove(cache.path_of(test::content_key(i), cached_by));
      }
    }
    test::pipe_line begun;
    std::uint64_t const first = random.below(entries);
    test::child_process child([&] {
      begun.send();
      for (std::uint64_t i = first, v = 0;; i = (i + 1) % entries, v = (v + 1) % 3) {
        if (i % 2 == 0) {
          cache.store(test::content_key(i), cached_by, versions[v]);
        } else {
          std::filesystem::remove(cache.path_of(test::content_key(i), cached_by));
          cache.find_or_compute(test::content_key(i), cached_by, [&] { return versions[v]; });
        }
      }
      return true;
    });
    begun.receive();
    // The moment at which it is killed, within the time that all entries take on this machine.
    ::usleep(useconds_t(random.below(1 + std::uint64_t(lap.count()))));
    REQUIRE(child.kill() == -SIGKILL);
    for (std::uint64_t i = 0; i < entries; ++i) {
      auto const found = cache.find(test::content_key(i), cached_by);
      ++(found ? whole : absent);
      CHECK((!found || std::any_of(versions.begin(), versions.end(), [&](auto const& version) {
        return test::same_entry(version, *found);
      })));
    }
  }
  CHECK(damaged == 0);
  CHECK(whole >= 50);
  CHECK(absent >= 10);
  svf::remove_abandoned(folder.path());
  CHECK(files_of_cache(cache) == cache.count());
}

TEST_CASE("factor_cache: a run that was killed goes on where it stopped") {
  test::temp_directory const folder;
  svf::factor_cache const cache(folder.path());
  test::pipe_line third;
  test::pipe_line never;
  test::child_process run([&] {
    int computations = 0;
    ask(cache, 0, computations);
    ask(cache, 1, computations);
    cache.find_or_compute(test::content_key(2), cached_by, [&] {
      svf::atomic_file writing(cache.path_of(test::content_key(2), cached_by));
      writing.write("half an entry");
      third.send();
      never.receive();
      return test::some_factors(40, 30, 2);
    });
    return true;
  });
  third.receive();
  REQUIRE(run.kill() == -SIGKILL);
  CHECK(files_of_cache(cache) == 4);  // two entries, a temporary file and a lock
  int computations = 0;
  for (std::uint64_t i = 0; i < 5; ++i) {
    auto const answer = ask(cache, i, computations);
    CHECK(right(answer, i));
    CHECK((answer.outcome == svf::cache_outcome::found) == (i < 2));
  }
  CHECK(computations == 3);
  CHECK(files_of_cache(cache) == 5);
}

TEST_CASE("factor_cache: of eight processes at once one computes and all get it") {
  for (std::uint64_t round = 0; round < 5; ++round) {
    CAPTURE(round);
    test::temp_directory const folder;
    test::temp_directory const log;
    svf::factor_cache const cache(folder.path());
    test::pipe_line asking;
    test::pipe_line all_ask;
    std::vector<test::child_process> children;
    for (int c = 0; c < 8; ++c) {
      children.emplace_back([&] {
        asking.send();
        auto const answer = cache.find_or_compute(test::content_key(round), cached_by, [&] {
          all_ask.receive();  // so that nobody finds the entry before everybody has asked
          test::write_raw(log.path() / std::to_string(c), "computed");
          return test::some_factors(40, 30, round);
        });
        bool const computed = std::filesystem::exists(log.path() / std::to_string(c));
        return right(answer, round) &&
               (answer.outcome == svf::cache_outcome::computed) == computed;
      });
    }
    asking.receive(8);
    all_ask.send(8);
    for (auto& child : children) {
      CHECK(child.wait() == 0);
    }
    auto const computations = std::filesystem::directory_iterator(log.path());
    CHECK(std::distance(begin(computations), end(computations)) == 1);
    CHECK(files_of_cache(cache) == 1);
  }
}

TEST_CASE("factor_cache: of eight threads at once one computes and all get it") {
  test::temp_directory const folder;
  svf::factor_cache const cache(folder.path());
  std::atomic<int> asking = 0;
  std::atomic<int> computations = 0;
  std::atomic<int> wrong = 0;
  std::vector<std::thread> threads;
  for (int t = 0; t < 8; ++t) {
    threads.emplace_back([&] {
      ++asking;
      auto const answer = cache.find_or_compute(test::content_key(1), cached_by, [&] {
        while (asking < 8) {
          std::this_thread::yield();
        }
        ++computations;
        return test::some_factors(40, 30, 1);
      });
      wrong += right(answer, 1) ? 0 : 1;
    });
  }
  for (auto& thread : threads) {
    thread.join();
  }
  CHECK(computations == 1);
  CHECK(wrong == 0);
  CHECK(files_of_cache(cache) == 1);
}

TEST_CASE("factor_cache: who waits for a process that dies computes in its place") {
  test::temp_directory const folder;
  svf::factor_cache const cache(folder.path());
  test::pipe_line computing;
  test::pipe_line never;
  test::child_process holder([&] {
    cache.find_or_compute(test::content_key(1), cached_by, [&] {
      computing.send();
      never.receive();
      return test::some_factors(40, 30, 1);
    });
    return true;
  });
  computing.receive();
  test::pipe_line waiting;
  test::child_process waiter([&] {
    waiting.send();
    int computations = 0;
    return right(ask(cache, 1, computations), 1) && computations == 1;
  });
  waiting.receive();
  CHECK(holder.kill() == -SIGKILL);
  CHECK(waiter.wait() == 0);
  int computations = 0;
  CHECK(right(ask(cache, 1, computations), 1));
  CHECK(computations == 0);
  CHECK(files_of_cache(cache) == 1);
}

TEST_CASE("factor_cache: a full disk is reported once, and computing works without it") {
  test::temp_directory const folder;
  int const status = test::child_process([&] {
    std::vector<std::string> warnings;
    svf::factor_cache const cache(folder.path(),
                                  [&](std::string const& w) { warnings.push_back(w); });
    int computations = 0;
    bool good = right(ask(cache, 0, computations), 0);  // there was room for this one
    // A limit on the size of files stops a write as a full disk does: partly, then wholly.
    std::signal(SIGXFSZ, SIG_IGN);
    rlimit const limit{4000, RLIM_INFINITY};
    good = good && ::setrlimit(RLIMIT_FSIZE, &limit) == 0;
    for (std::uint64_t i = 0; i < 3; ++i) {
      auto const answer = ask(cache, i, computations);
      good = good && right(answer, i) &&
             answer.outcome ==
                 (i == 0 ? svf::cache_outcome::found : svf::cache_outcome::not_kept);
    }
    good = good && computations == 3 && warnings.size() == 1 &&
           test::says(warnings[0], "factors are computed but not kept: cannot write '") &&
           test::says(warnings[0], "File too large") && files_of_cache(cache) == 1;
    // The disk has room again.
    rlimit const none{RLIM_INFINITY, RLIM_INFINITY};
    good = good && ::setrlimit(RLIMIT_FSIZE, &none) == 0;
    return good && ask(cache, 1, computations).outcome == svf::cache_outcome::computed &&
           files_of_cache(cache) == 2;
  }).wait();
  CHECK(status == 0);
}

TEST_CASE("factor_cache: a folder that cannot be written is reported once, its entries are used") {
  test::temp_directory const folder;
  auto const directory = folder.path() / "cache";
  std::filesystem::permissions(folder.path(), std::filesystem::perms(0755));
  std::vector<std::string> warnings;
  svf::factor_cache const cache(directory, [&](std::string const& w) { warnings.push_back(w); });
  int computations = 0;
  ask(cache, 0, computations);
  std::filesystem::permissions(directory, std::filesystem::perms(0555));
  std::filesystem::permissions(cache.path_of(test::content_key(0), cached_by),
                               std::filesystem::perms(0444));
  int const status = test::child_process([&] {
    // Permissions do not stop root, so the child becomes somebody else.
    bool good = ::geteuid() != 0 || ::setuid(65534) == 0;
    for (std::uint64_t i = 0; i < 3; ++i) {
      auto const answer = ask(cache, i, computations);
      good = good && right(answer, i) &&
             answer.outcome ==
                 (i == 0 ? svf::cache_outcome::found : svf::cache_outcome::not_kept);
    }
    return good && computations == 3 && warnings.size() == 1 &&
           test::says(warnings[0], "Permission denied");
  }).wait();
  CHECK(status == 0);
}

TEST_CASE("factor_cache: a folder that went away is reported once, and computing works") {
  for (bool const replaced_by_file : {false, true}) {
    CAPTURE(replaced_by_file);
    test::temp_directory const folder;
    auto const directory = folder.path() / "cache";
    std::vector<std::string> warnings;
    svf::factor_cache const cache(directory,
                                  [&](std::string const& w) { warnings.push_back(w); });
    std::filesystem::remove(directory);
    if (replaced_by_file) {
      test::write_raw(directory, "a file");
    }
    int computations = 0;
    for (std::uint64_t i = 0; i < 3; ++i) {
      auto const answer = ask(cache, i, computations);
      CHECK(right(answer, i));
      CHECK(answer.outcome == svf::cache_outcome::not_kept);
    }
    CHECK(computations == 3);
    REQUIRE(warnings.size() == 1);
    CHECK(test::says(warnings[0], "factor_cache: factors are computed but not kept: cannot open"));
    CHECK(test::says(warnings[0], replaced_by_file ? "Not a directory" : "No such file"));
    CHECK(test::says(test::refusal_of([&] { cache.count(); }), "cannot list the folder"));
    CHECK_THROWS_AS(cache.store(test::content_key(0), cached_by, test::some_factors(4, 3)),
                    svf::error);
  }
}
