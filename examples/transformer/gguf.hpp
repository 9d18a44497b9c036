// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include <svfmath/io/mapped_file.hpp>

#include "dequantize.hpp"

namespace llama {

/// A metadata value: integers of every width as 64 bits, floats as double.
using gguf_value = std::variant<bool, std::int64_t, std::uint64_t, double, std::string,
                                std::vector<std::int64_t>, std::vector<double>,
                                std::vector<std::string>>;

/// One tensor of a GGUF file.
struct gguf_tensor {
  std::string name;
  gguf_type type = gguf_type::f32;
  std::vector<std::uint64_t> shape;  ///< outermost first, [out, in]; the file has it the other way
  std::uint64_t begin = 0;           ///< within the data section
  std::uint64_t bytes = 0;

  std::uint64_t elements() const;
};

/// A GGUF file of version 2 or 3, mapped read-only and checked as a whole when opened: every size
/// before it is used, every offset against the sum of what comes before it.
class gguf_file {
 public:
  /// Throws `svf::error` (format) naming the file, the key or tensor, what was expected and what
  /// came: bad magic, another version or byte order, counts and lengths beyond the file, empty or
  /// duplicate keys, unknown value or tensor types, nested arrays, a bad alignment, tensor names
  /// of 64 bytes or more or duplicate, more than four dimensions, sizes that overflow or do not
  /// fill whole blocks, offsets that are not the running sum of padded sizes, data past the end.
  explicit gguf_file(std::filesystem::path const& path);

  std::filesystem::path const& path() const { return file_.path(); }
  std::uint32_t version() const { return version_; }
  std::uint64_t alignment() const { return alignment_; }
  std::map<std::string, gguf_value, std::less<>> const& metadata() const { return metadata_; }
  std::span<gguf_tensor const> tensors() const { return tensors_; }

  /// The tensor of that name, or null. O(count).
  gguf_tensor const* find(std::string_view name) const;

  /// The stored blocks of a tensor of this file. Valid as long as this object.
  std::span<std::byte const> bytes(gguf_tensor const& tensor) const;

  /// The tensor's weights as float, row-major. `out` must hold all of them.
  void read(gguf_tensor const& tensor, std::span<float> out) const;

  /// The metadata value under `key`: throws `svf::error` (format) if it is missing or of another
  /// type; the `find_` forms return nothing where it is missing.
  std::int64_t integer(std::string_view key) const;
  double real(std::string_view key) const;
  std::string const& text(std::string_view key) const;
  std::vector<std::string> const& texts(std::string_view key) const;
  std::vector<std::int64_t> const& integers(std::string_view key) const;
  std::optional<std::int64_t> find_integer(std::string_view key) const;
  std::optional<double> find_real(std::string_view key) const;
  std::optional<bool> find_flag(std::string_view key) const;
  std::string const* find_text(std::string_view key) const;
  bool contains(std::string_view key) const { return metadata_.find(key) != metadata_.end(); }

 private:
  gguf_value const& value(std::string_view key) const;
  template <class T>
  T const& value_as(std::string_view key, std::string_view expected) const;

  svf::mapped_file file_;
  std::span<std::byte const> data_;
  std::uint32_t version_ = 0;
  std::uint64_t alignment_ = 32;
  std::map<std::string, gguf_value, std::less<>> metadata_;
  std::vector<gguf_tensor> tensors_;
};

}  // namespace llama
