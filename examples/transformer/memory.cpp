// SPDX-License-Identifier: Apache-2.0
#include "memory.hpp"

#include <algorithm>
#include <fstream>
#include <optional>
#include <string>

namespace llama {

namespace {

using path = std::filesystem::path;

// What a version of control groups calls its files, and the key in memory.stat.
struct names {
  char const* limit;
  char const* used;
  char const* cached;
};
constexpr names version_2{"memory.max", "memory.current", "inactive_file"};
constexpr names version_1{"memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file"};

// The number that a file holds; nothing for another text, such as "max".
std::optional<std::uint64_t> number_in(path const& file) {
  std::ifstream in(file);
  std::uint64_t value = 0;
  return in >> value ? std::optional(value) : std::nullopt;
}

// The number after `key` in a file of keys and numbers.
std::optional<std::uint64_t> number_after(path const& file, std::string const& key) {
  std::ifstream in(file);
  for (std::string word; in >> word;) {
    std::uint64_t value = 0;
    if (word == key && in >> value) {
      return value;
    }
  }
  return std::nullopt;
}

std::uint64_t kernel_available(path const& root) {
  auto const kibibytes = number_after(root / "proc/meminfo", "MemAvailable:");
  return kibibytes ? *kibibytes * 1024 : UINT64_MAX;
}

// Pages of files that nobody used of late count as used, but are given up on demand.
std::uint64_t left_below(path const& folder, names const& files) {
  auto const most = number_in(folder / files.limit);
  auto const used = number_in(folder / files.used).value_or(0);
  auto const cached = number_after(folder / "memory.stat", files.cached).value_or(0);
  return most ? *most - std::min(*most, used - std::min(used, cached)) : UINT64_MAX;
}

// Where "ID:CONTROLLERS:/PATH" of /proc/self/cgroup says that the process is in a hierarchy.
path group_of(path const& root, std::string const& controllers) {
  std::ifstream in(root / "proc/self/cgroup");
  for (std::string line; std::getline(in, line);) {
    auto const first = line.find(':');
    auto const second = line.find(':', first + 1);
    if (second != std::string::npos && line.substr(first + 1, second - first - 1) == controllers) {
      return path(line.substr(second + 1)).relative_path();
    }
  }
  return {};
}

// The least that is left in a group and the groups around it, the outermost included.
std::uint64_t left_in_groups(path const& top, path group, names const& files) {
  std::uint64_t least = left_below(top, files);
  for (; !group.empty(); group = group.parent_path()) {
    least = std::min(least, left_below(top / group, files));
  }
  return least;
}

}  // namespace

std::uint64_t available_memory(path const& root) {
  constexpr std::uint64_t unknown = std::uint64_t{1} << 30;
  auto const groups = root / "sys/fs/cgroup";
  std::uint64_t const least =
      std::min({kernel_available(root), left_in_groups(groups, group_of(root, ""), version_2),
                left_in_groups(groups / "memory", group_of(root, "memory"), version_1)});
  return least == UINT64_MAX ? unknown : least;
}

std::uint64_t memory_left(cpu_policy const&) { return available_memory(); }

}  // namespace llama
