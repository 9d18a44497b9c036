// SPDX-License-Identifier: Apache-2.0
#include <transformer/memory.hpp>

#include <string>

#include <doctest/doctest.h>

#include <support/raw_file.hpp>
#include <support/temp_directory.hpp>

namespace {

constexpr std::uint64_t mebibyte = std::uint64_t{1} << 20;

// A made-up /proc and /sys.
struct machine {
  test::temp_directory folder;

  void put(std::string const& file, std::string const& content) const {
    auto const path = folder.path() / file;
    std::filesystem::create_directories(path.parent_path());
    test::write_raw(path, content);
  }
  std::uint64_t available() const { return llama::available_memory(folder.path()); }
};

}  // namespace

TEST_CASE("memory: what the kernel calls available, without control groups") {
  machine const m;
  CHECK(m.available() == 1024 * mebibyte);  // nothing is known
  m.put("proc/meminfo", "MemTotal: 8388608 kB\nMemFree: 1 kB\nMemAvailable:    4194304 kB\n");
  CHECK(m.available() == 4096 * mebibyte);
  m.put("proc/self/cgroup", "0::/\n");
  m.put("sys/fs/cgroup/memory.max", "max\n");
  m.put("sys/fs/cgroup/memory.current", "12345\n");
  CHECK(m.available() == 4096 * mebibyte);
  CHECK(llama::available_memory() > mebibyte);
}

TEST_CASE("memory: the tightest control group around the process counts") {
  machine const m;
  m.put("proc/meminfo", "MemAvailable: 4194304 kB\n");
  m.put("proc/self/cgroup", "0::/some/job\n");
  m.put("sys/fs/cgroup/some/job/memory.max", std::to_string(3000 * mebibyte));
  m.put("sys/fs/cgroup/some/job/memory.current", std::to_string(500 * mebibyte));
  CHECK(m.available() == 2500 * mebibyte);
  m.put("sys/fs/cgroup/some/job/memory.stat",
        "anon 1\ninactive_file " + std::to_string(200 * mebibyte) + "\nactive_file 7\n");
  CHECK(m.available() == 2700 * mebibyte);
  m.put("sys/fs/cgroup/some/memory.max", std::to_string(1000 * mebibyte));
  m.put("sys/fs/cgroup/some/memory.current", std::to_string(900 * mebibyte));
  CHECK(m.available() == 100 * mebibyte);
  m.put("sys/fs/cgroup/some/memory.current", std::to_string(1100 * mebibyte));
  CHECK(m.available() == 0);
}

TEST_CASE("memory: control groups of version 1") {
  machine const m;
  m.put("proc/meminfo", "MemAvailable: 4194304 kB\n");
  m.put("proc/self/cgroup", "9:name=systemd:/\n5:memory:/box\n");
  m.put("sys/fs/cgroup/memory/memory.limit_in_bytes", "9223372036854771712\n");
  m.put("sys/fs/cgroup/memory/box/memory.limit_in_bytes", std::to_string(700 * mebibyte));
  m.put("sys/fs/cgroup/memory/box/memory.usage_in_bytes", std::to_string(200 * mebibyte));
  CHECK(m.available() == 500 * mebibyte);
}
