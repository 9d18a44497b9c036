// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

/// Files byte by byte, past the library that is under test.
namespace test {

inline void write_raw(std::filesystem::path const& path, std::string const& content) {
  // Some file systems flush a file that is truncated and rewritten, which takes long.
  std::filesystem::remove(path);
  std::ofstream file(path, std::ios::binary | std::ios::trunc);
  file.write(content.data(), std::streamsize(content.size()));
}

inline std::string read_raw(std::filesystem::path const& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

/// The 8 bytes that begin a safetensors file.
inline std::string little_endian(std::uint64_t value) {
  std::string bytes;
  for (int i = 0; i < 8; ++i) {
    bytes += char((value >> (8 * i)) & 0xFFu);
  }
  return bytes;
}

/// A safetensors file with the header `json`, as it is, and `data`.
inline std::string raw_safetensors(std::string const& json, std::string const& data) {
  return little_endian(json.size()) + json + data;
}

template <class T, std::size_t N>
std::string bytes_of(T const (&values)[N]) {
  std::string bytes(sizeof values, '\0');
  std::memcpy(bytes.data(), values, sizeof values);
  return bytes;
}

}  // namespace test
