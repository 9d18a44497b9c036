// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <functional>
#include <map>
#include <set>
#include <span>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include <svfmath/core/error.hpp>
#include <svfmath/core/view_conversion.hpp>
#include <svfmath/io/atomic_file.hpp>
#include <svfmath/io/detail/safetensors_text.hpp>
#include <svfmath/io/tensor_info.hpp>

namespace svf {

/// Collects tensors and writes them as one safetensors file. The same tensors and metadata give
/// the same bytes, in whatever order they were added: tensors are sorted by element width
/// (descending, so that all are aligned) and then by name, and the data begins at a multiple of 64.
class safetensors_writer {
 public:
  /// Writes the bytes of one tensor into the buffer it is given, which has their exact size.
  using producer = std::function<void(std::span<std::byte>)>;

  /// Adds a tensor whose bytes stay the caller's and must live until `write`. Throws
  /// `error{format}` for a name that is taken or not allowed and `error{shape}` if the bytes are
  /// not what type and shape need.
  void add(std::string name, dtype type, std::vector<std::uint64_t> shape,
           std::span<std::byte const> bytes) {
    insert(std::move(name), type, std::move(shape), bytes.size(), bytes);
  }

  /// Adds a tensor of the caller's elements, which must live until `write`. Throws as above.
  template <class T>
  void add(std::string name, std::vector<std::uint64_t> shape, std::span<T const> elements) {
    add(std::move(name), dtype_of<T>, std::move(shape), std::as_bytes(elements));
  }

  /// Adds a tensor whose bytes the writer takes over. Throws as above.
  void add_owned(std::string name, dtype type, std::vector<std::uint64_t> shape,
                 std::vector<std::byte> bytes) {
    std::size_t const size = bytes.size();
    insert(std::move(name), type, std::move(shape), size, std::move(bytes));
  }

  /// Adds a tensor that `produce` makes during `write`, so that only one such tensor is in memory
  /// at a time. Throws as above.
  void add_produced(std::string name, dtype type, std::vector<std::uint64_t> shape,
                    producer produce) {
    auto const bits = detail::tensor_bits(type, shape);
    insert(std::move(name), type, std::move(shape), std::size_t(bits.value_or(0) / 8),
           std::move(produce));
  }

  /// Adds a dense matrix (m×n) as [m, n]. Row-major elements without gaps stay the caller's and
  /// must live until `write`; others are copied. Throws as above.
  template <matrix_like M>
  void add_matrix(std::string name, M const& values) {
    using T = matrix_value_t<M const>;
    auto const a = as_matrix(values);
    std::vector<std::uint64_t> shape{std::uint64_t(a.rows), std::uint64_t(a.cols)};
    if (a.col_stride() == 1 && (a.row_stride() == a.cols || a.rows <= 1)) {
      add(std::move(name), std::move(shape), std::span<T const>(a.data, std::size_t(a.size())));
      return;
    }
    std::vector<std::byte> bytes(std::size_t(a.size()) * sizeof(T));
    for (index_t i = 0, at = 0; i < a.rows; ++i) {
      for (index_t j = 0; j < a.cols; ++j, at += index_t(sizeof(T))) {
        std::memcpy(bytes.data() + at, &a(i, j), sizeof(T));
      }
    }
    add_owned(std::move(name), dtype_of<T>, std::move(shape), std::move(bytes));
  }

  /// Adds a contiguous vector (n) as [n]; it stays the caller's and must live until `write`.
  /// Throws as above, and `error{shape}` for a strided one.
  template <vector_like V>
  void add_vector(std::string name, V const& values) {
    using T = vector_value_t<V const>;
    auto const v = as_vector(values);
    expects(v.contiguous(), error_kind::shape, "safetensors_writer: tensor ",
            in_quotes(name), ": expected a contiguous vector, got stride ", v.stride);
    add(std::move(name), {std::uint64_t(v.size)}, std::span<T const>(v.data, std::size_t(v.size)));
  }

  /// Sets one entry of the file's `__metadata__`.
  void set_metadata(std::string key, std::string value) {
    metadata_.insert_or_assign(std::move(key), std::move(value));
  }

  /// What the file begins with: the header's length and the header. `file` begins messages. Throws
  /// `error{format}` as `write` does.
  std::string header(std::string const& file) const {
    return detail::safetensors_text(infos(in_file_order()), metadata_, file);
  }

  /// Writes the file in one atomic step (see `atomic_file`); what is there now stays until then.
  /// Throws `error{backend}` if the system refuses and `error{format}` if a name or metadata is not
  /// UTF-8 or the header exceeds 100 MB. One pass over the data, no second copy of it.
  void write(std::filesystem::path const& path) const {
    std::vector<entry const*> const sorted = in_file_order();
    std::string const beginning = header(path.string());
    write_atomically(path, [&](atomic_file& file) {
      file.write(beginning);
      for (entry const* tensor : sorted) {
        write_tensor(*tensor, file);
      }
    });
  }

 private:
  using source = std::variant<std::span<std::byte const>, std::vector<std::byte>, producer>;

  struct entry {
    tensor_info info;  // begin stays 0 until the order is known
    source bytes;
  };

  void insert(std::string name, dtype type, std::vector<std::uint64_t> shape, std::size_t size,
              source bytes) {
    auto const where =
        std::string("safetensors_writer: tensor ").append(in_quotes(name)).append(": ");
    expects(name != "__metadata__", error_kind::format, where, "the name is reserved");
    expects(!names_.contains(name), error_kind::format, where, "the name is taken already");
    bool const small = std::all_of(shape.begin(), shape.end(),
                                   [](std::uint64_t extent) { return extent <= largest_extent; });
    expects(small, error_kind::shape, where, "expected extents below 2^48, got shape ",
            shape_text(shape));
    auto const bits = detail::tensor_bits(type, shape);
    expects(bits && *bits % 8 == 0 && *bits / 8 == size, error_kind::shape, where, "expected ",
            bits.value_or(0) / 8, " bytes for shape ", shape_text(shape), " of ",
            to_string(type), ", got ", size);
    names_.insert(name);
    entries_.push_back({{std::move(name), type, std::move(shape), 0, size}, std::move(bytes)});
  }

  std::vector<entry const*> in_file_order() const {
    std::vector<entry const*> sorted;
    for (entry const& tensor : entries_) {
      sorted.push_back(&tensor);
    }
    std::sort(sorted.begin(), sorted.end(), [](entry const* a, entry const* b) {
      unsigned const a_bits = bits_of(a->info.type);
      unsigned const b_bits = bits_of(b->info.type);
      return a_bits != b_bits ? a_bits > b_bits : a->info.name < b->info.name;
    });
    return sorted;
  }

  static std::vector<tensor_info> infos(std::vector<entry const*> const& sorted) {
    std::vector<tensor_info> result;
    std::uint64_t begin = 0;
    for (entry const* tensor : sorted) {
      result.push_back(tensor->info);
      result.back().begin = begin;
      result.back().end = begin += tensor->info.bytes();
    }
    return result;
  }

  static void write_tensor(entry const& tensor, atomic_file& file) {
    if (auto const* const produce = std::get_if<producer>(&tensor.bytes)) {
      std::vector<std::byte> bytes(std::size_t(tensor.info.bytes()));
      (*produce)(bytes);
      file.write(bytes);
    } else if (auto const* const owned = std::get_if<std::vector<std::byte>>(&tensor.bytes)) {
      file.write(*owned);
    } else {
      file.write(std::get<std::span<std::byte const>>(tensor.bytes));
    }
  }

  std::vector<entry> entries_;
  std::set<std::string> names_;
  std::map<std::string, std::string> metadata_;
};

}  // namespace svf
