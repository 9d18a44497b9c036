// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace test {

/// Appends the bytes of a number, little-endian as the machines that run this.
template <class T>
void put(std::string& out, T value) {
  char bytes[sizeof(T)];
  std::memcpy(bytes, &value, sizeof value);
  out.append(bytes, sizeof value);
}

inline void put_string(std::string& out, std::string const& text) {
  put(out, std::uint64_t(text.size()));
  out += text;
}

/// Puts a GGUF file together, right by default and wrong wherever a test sets a field.
struct gguf_builder {
  struct tensor {
    std::string name;
    std::vector<std::int64_t> sizes;  // fastest first, as in the file
    std::int32_t type = 0;
    std::string data;
    std::optional<std::uint64_t> offset = {};  // instead of the right one
  };

  std::string magic = "GGUF";
  std::uint32_t version = 3;
  std::optional<std::uint64_t> tensor_count, pair_count;  // instead of the right ones
  std::uint64_t alignment = 32;
  std::string pairs;
  std::uint64_t pairs_written = 0;
  std::vector<tensor> tensors;

  void pair(std::string const& key, std::int32_t type, std::string const& value) {
    put_string(pairs, key);
    put(pairs, type);
    pairs += value;
    ++pairs_written;
  }
  template <class T>
  void number(std::string const& key, std::int32_t type, T value) {
    std::string bytes;
    put(bytes, value);
    pair(key, type, bytes);
  }
  void u32(std::string const& key, std::uint32_t value) { number(key, 4, value); }
  void f32(std::string const& key, float value) { number(key, 6, value); }
  void text(std::string const& key, std::string const& value) {
    std::string bytes;
    put_string(bytes, value);
    pair(key, 8, bytes);
  }
  void texts(std::string const& key, std::vector<std::string> const& values) {
    std::string bytes;
    put(bytes, std::int32_t{8});
    put(bytes, std::uint64_t(values.size()));
    for (auto const& value : values) {
      put_string(bytes, value);
    }
    pair(key, 9, bytes);
  }
  void i32s(std::string const& key, std::vector<std::int32_t> const& values) {
    std::string bytes;
    put(bytes, std::int32_t{5});
    put(bytes, std::uint64_t(values.size()));
    for (auto const value : values) {
      put(bytes, value);
    }
    pair(key, 9, bytes);
  }
  void floats(std::string const& name, std::vector<std::int64_t> sizes,
              std::vector<float> const& values) {
    std::string data;
    for (float const value : values) {
      put(data, value);
    }
    tensors.push_back({name, std::move(sizes), 0, std::move(data)});
  }

  std::string bytes() const {
    std::string out = magic;
    put(out, version);
    put(out, tensor_count.value_or(tensors.size()));
    put(out, pair_count.value_or(pairs_written));
    out += pairs;
    std::uint64_t end = 0;
    for (auto const& t : tensors) {
      put_string(out, t.name);
      put(out, std::uint32_t(t.sizes.size()));
      for (auto const size : t.sizes) {
        put(out, size);
      }
      put(out, t.type);
      put(out, t.offset.value_or(end));
      end = padded(end + t.data.size());
    }
    out.resize(padded(out.size()), '\0');
    std::size_t const begin = out.size();
    for (auto const& t : tensors) {
      out.resize(begin + padded(out.size() - begin), '\0');
      out += t.data;
    }
    return out;
  }

  std::uint64_t padded(std::uint64_t size) const {
    return (size + alignment - 1) / alignment * alignment;
  }
};

inline void write_file(std::filesystem::path const& path, std::string const& bytes) {
  std::ofstream(path, std::ios::binary).write(bytes.data(), std::streamsize(bytes.size()));
}

}  // namespace test
