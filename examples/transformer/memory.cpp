// SPDX-License-Identifier: Apache-2.0
#include "memory.hpp"

#include <algorithm>
#include <fstream>
#include <optional>
#include <string>

namespace llama {

namespace {

using path = std::filesystem::path;

// The number that a file holds; nothing for another text, such as "max".
std::optional<std::uint64_t> number_in(path const& file) {
  std::ifstream in(file);
  std::uint64_t value = 0;
  return in >> value ? std::optional(value) : std::nullopt;
}

std::optional<std::uint64_t> kernel_available(path const& root) {
  std::ifstream in(root / "proc/meminfo");
  for (std::string word; in >> word;) {
    std::uint64_t kibibytes = 0;
    if (word == "MemAvailable:" && in >> kibibytes) {
      return kibibytes * 1024;
    }
  }
  return std::nullopt;
}

std::uint64_t left_below(path const& folder, char const* limit, char const* used) {
  auto const most = number_in(folder / limit);
  auto const now = number_in(folder / used);
  return most ? *most - std::min(*most, now.value_or(0)) : UINT64_MAX;
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
std::uint64_t left_in_groups(path const& top, path group, char const* limit, char const* used) {
  std::uint64_t least = left_below(top, limit, used);
  for (; !group.empty(); group = group.parent_path()) {
    least = std::min(least, left_below(top / group, limit, used));
  }
  return least;
}

}  // namespace

std::uint64_t available_memory(path const& root) {
  constexpr std::uint64_t unknown = std::uint64_t{1} << 30;
  std::uint64_t const least = std::min(
      {kernel_available(root).value_or(UINT64_MAX),
       left_in_groups(root / "sys/fs/cgroup", group_of(root, ""), "memory.max", "memory.current"),
       left_in_groups(root / "sys/fs/cgroup/memory", group_of(root, "memory"),
                      "memory.limit_in_bytes", "memory.usage_in_bytes")});
  return least == UINT64_MAX ? unknown : least;
}

}  // namespace llama
