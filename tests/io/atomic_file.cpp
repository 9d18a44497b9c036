// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <sys/file.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <filesystem>
#include <functional>
#include <stdexcept>
#include <string>
#include <string_view>

#include <svfmath/core/random.hpp>
#include <svfmath/io/atomic_file.hpp>

#include <support/raw_file.hpp>
#include <support/temp_directory.hpp>

namespace {

// What the next locks do first; empty: lock as usual.
std::function<int()> before_lock;

}  // namespace

// Stands in for the C library's, so that a test can fail a lock or act just before it.
extern "C" int flock(int file, int operation) noexcept {
  if (before_lock) {
    if (int const code = before_lock(); code != 0) {
      errno = code;
      return -1;
    }
  }
  return int(::syscall(SYS_flock, file, operation));
}

namespace {

using std::filesystem::path;

std::size_t files_in(path const& folder) {
  auto const files = std::filesystem::directory_iterator(folder);
  return std::size_t(std::distance(begin(files), end(files)));
}

// What writing "new" to `target` says; empty if it works.
std::string refusal(path const& target) {
  try {
    svf::write_atomically(target, std::string_view("new"));
  } catch (svf::error const& e) {
    bool const good = e.kind() == svf::error_kind::backend &&
                      std::string_view(e.what()).find(target.string()) != std::string_view::npos;
    return good ? e.what() : "an error without kind or path";
  }
  return "";
}

// Runs `body` in a child process and gives its exit status.
int status_of_child(std::function<bool()> const& body) {
  pid_t const child = ::fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    ::_exit(body() ? 0 : 1);
  }
  int status = 0;
  REQUIRE(::waitpid(child, &status, 0) == child);
  return status;
}

bool contains(std::string const& text, std::string_view part) {
  CAPTURE(text);
  CHECK(text.find(part) != std::string::npos);
  return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("atomic_file: the file appears at commit, with all that was written") {
  test::temp_directory const folder;
  auto const target = folder.path() / "file";
  {
    svf::atomic_file file(target);
    file.write("one ");
    file.write("");
    CHECK(!std::filesystem::exists(target));
    file.write(std::as_bytes(std::span("two", 3)));
    file.commit();
  }
  CHECK(test::read_raw(target) == "one two");
  svf::write_atomically(target, std::string_view("replaced"));
  CHECK(test::read_raw(target) == "replaced");
  svf::write_atomically(target, std::string_view());
  CHECK(test::read_raw(target).empty());
  CHECK(files_in(folder.path()) == 1);
}

TEST_CASE("atomic_file: without commit, or when the body throws, nothing changes") {
  test::temp_directory const folder;
  auto const target = folder.path() / "file";
  test::write_raw(target, "old");
  { svf::atomic_file(target).write("new"); }
  auto const throwing = [](svf::atomic_file& file) {
    file.write("new");
    throw std::runtime_error("stop");
  };
  CHECK_THROWS_AS(svf::write_atomically(target, throwing), std::runtime_error);
  CHECK(test::read_raw(target) == "old");
  CHECK(files_in(folder.path()) == 1);
}

TEST_CASE("atomic_file: refuses targets that are no files, and folders that are missing") {
  test::temp_directory const folder;
  auto const& f = folder.path();
  std::filesystem::create_directory(f / "folder");
  test::write_raw(f / "file", "old");
  contains(refusal(f / "folder"), "not a regular file");
  contains(refusal("/dev/null"), "not a regular file");
  contains(refusal(f / "missing" / "file"), "No such file");
  contains(refusal(f / "file" / "below"), "Not a directory");
  contains(refusal(f / ""), "names no file");
  contains(refusal(f / std::string(300, 'x')), "name too long");
  CHECK(refusal(f / std::string(250, 'x')).empty());
  CHECK(test::read_raw(f / "file") == "old");
  CHECK(files_in(f) == 3);
}

TEST_CASE("atomic_file: a folder that cannot be written") {
  test::temp_directory const folder;
  auto const locked = folder.path() / "locked";
  std::filesystem::create_directory(locked);
  test::write_raw(locked / "file", "old");
  using std::filesystem::perms;
  std::filesystem::permissions(folder.path(), perms(0755));
  std::filesystem::permissions(locked, perms(0555));
  int const status = status_of_child([&] {
    // Permissions do not stop root, so the child becomes somebody else.
    bool const somebody = ::geteuid() != 0 || ::setuid(65534) == 0;
    return somebody && refusal(locked / "file").find("Permission denied") != std::string::npos;
  });
  CHECK(status == 0);
  CHECK(test::read_raw(locked / "file") == "old");
  CHECK(files_in(locked) == 1);
}

TEST_CASE("atomic_file: a full disk leaves the old file and no temporary") {
  test::temp_directory const folder;
  auto const target = folder.path() / "file";
  test::write_raw(target, "old");
  int const status = status_of_child([&] {
    // A limit on the size of files stops a write as a full disk does: partly, then wholly.
    std::signal(SIGXFSZ, SIG_IGN);
    rlimit const limit{100'000, 100'000};
    if (::setrlimit(RLIMIT_FSIZE, &limit) != 0) {
      return false;
    }
    try {
      svf::write_atomically(target, std::string(1'000'000, 'x'));
    } catch (svf::error const& e) {
      std::string_view const message = e.what();
      return e.kind() == svf::error_kind::backend &&
             message.find("cannot write '" + target.string()) != message.npos &&
             message.find("File too large") != message.npos;
    }
    return false;
  });
  CHECK(status == 0);
  CHECK(test::read_raw(target) == "old");
  CHECK(files_in(folder.path()) == 1);
}

TEST_CASE("atomic_file: abandoned temporaries are removed, those in use and strangers are not") {
  test::temp_directory const folder;
  auto const target = folder.path() / "file";
  test::write_raw(folder.path() / ".file.tmp-1-0", "abandoned");
  test::write_raw(folder.path() / ".file2.tmp-1-0", "of another file");
  svf::atomic_file first(target);
  CHECK(files_in(folder.path()) == 2);
  svf::atomic_file second(target);
  CHECK(files_in(folder.path()) == 3);
  first.write("first");
  second.write("second");
  second.commit();
  CHECK(test::read_raw(target) == "second");
  first.commit();
  CHECK(test::read_raw(target) == "first");
  CHECK(files_in(folder.path()) == 2);
}

TEST_CASE("atomic_file: a temporary begun between the look and the lock is left alone") {
  test::temp_directory const folder;
  auto const target = folder.path() / "file";
  auto const temporary = folder.path() / ".file.tmp-1-0";
  test::write_raw(temporary, "of a writer that is about to finish");
  int locks = 0;
  before_lock = [&] {
    if (locks++ == 0) {
      // Written aside and renamed, as a file made after an unlink may get the freed inode.
      test::write_raw(folder.path() / "aside", "of a writer that has just begun");
      std::filesystem::rename(folder.path() / "aside", temporary);
    }
    return 0;
  };
  svf::write_atomically(target, std::string_view("new"));
  before_lock = nullptr;
  CHECK(locks == 2);
  CHECK(test::read_raw(target) == "new");
  CHECK(std::filesystem::exists(temporary));
  CHECK(test::read_raw(temporary) == "of a writer that has just begun");
}

TEST_CASE("atomic_file: a file system without locks will do, other failures of locks will not") {
  test::temp_directory const folder;
  auto const target = folder.path() / "file";
  test::write_raw(target, "old");
  int code = EIO;
  int locks = 0;
  before_lock = [&] {
    ++locks;
    return code;
  };
  std::string const message = refusal(target);
  CHECK(locks == 1);
  CHECK(files_in(folder.path()) == 1);
  CHECK(test::read_raw(target) == "old");
  for (int const missing : {ENOLCK, EOPNOTSUPP, ENOSYS}) {
    code = missing;
    CHECK(refusal(target).empty());
    CHECK(test::read_raw(target) == "new");
    CHECK(files_in(folder.path()) == 1);
  }
  // Without a lock nobody can tell that this one is abandoned.
  test::write_raw(folder.path() / ".file.tmp-1-0", "perhaps in use");
  CHECK(refusal(target).empty());
  before_lock = nullptr;
  CHECK(files_in(folder.path()) == 2);
  contains(message, "Input/output error");
}

TEST_CASE("atomic_file: killed at any moment, the file is one of the whole versions") {
  test::temp_directory const folder;
  auto const target = folder.path() / "file";
  std::string const versions[] = {std::string(300'000, 'a'), std::string(200'000, 'b')};
  svf::write_atomically(target, versions[0]);
  svf::generator random(7);
  int seen_second = 0;
  for (int kill = 0; kill < 60; ++kill) {
    pid_t const child = ::fork();
    REQUIRE(child >= 0);
    if (child == 0) {
      for (std::size_t v = 0;; v = 1 - v) {
        svf::write_atomically(target, versions[v]);
      }
    }
    ::usleep(useconds_t(100 + random.below(5000)));
    ::kill(child, SIGKILL);
    int status = 0;
    REQUIRE(::waitpid(child, &status, 0) == child);
    REQUIRE(WIFSIGNALED(status));
    std::string const content = test::read_raw(target);
    CHECK((content == versions[0] || content == versions[1]));
    seen_second += content == versions[1] ? 1 : 0;
  }
  MESSAGE("after 60 kills the second version was there ", seen_second, " times");
  svf::write_atomically(target, versions[0]);
  CHECK(files_in(folder.path()) == 1);
}

TEST_CASE("atomic_file: only what it made itself counts as an abandoned temporary") {
  test::temp_directory const folder;
  for (char const* name : {".real.tmp-notes", ".real.tmp-12", ".real.tmp-12-", ".real.tmp-12-a"}) {
    test::write_raw(folder.path() / name, "mine");
  }
  test::write_raw(folder.path() / ".real.tmp-12-3", "abandoned");
  svf::write_atomically(folder.path() / "real", std::string_view("x"));
  CHECK(!std::filesystem::exists(folder.path() / ".real.tmp-12-3"));
  auto const files = std::filesystem::directory_iterator(folder.path());
  CHECK(std::distance(begin(files), end(files)) == 5);
}

TEST_CASE("atomic_file: a file that is replaced keeps its permissions") {
  test::temp_directory const folder;
  auto const path = folder.path() / "secret";
  test::write_raw(path, "old");
  std::filesystem::permissions(path, std::filesystem::perms::owner_read |
                                         std::filesystem::perms::owner_write);
  svf::write_atomically(path, std::string_view("new"));
  CHECK(test::read_raw(path) == "new");
  CHECK(std::filesystem::status(path).permissions() ==
        (std::filesystem::perms::owner_read | std::filesystem::perms::owner_write));
}
