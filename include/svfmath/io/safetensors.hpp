// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <svfmath/core/error.hpp>
#include <svfmath/core/matrix.hpp>
#include <svfmath/io/detail/safetensors_check.hpp>
#include <svfmath/io/element_conversion.hpp>
#include <svfmath/io/mapped_file.hpp>
#include <svfmath/io/tensor_info.hpp>

namespace svf {

/// A safetensors file, mapped read-only and checked strictly as a whole when opened: what it says
/// about itself is true of the bytes that are there. Element values are not looked at, so NaN and
/// Inf are not errors here. Format: huggingface/safetensors, README "Format".
class safetensors_file {
 public:
  /// Opens and checks `path`. Throws `error{format}` naming the file, the tensor, what was expected
  /// and what came if anything is malformed, and `error{backend}` if the system refuses to read.
  /// O(header), whatever the size of the data.
  explicit safetensors_file(std::filesystem::path const& path) : file_(path) {
    auto const text = detail::safetensors_header_text(file_.bytes(), path.string());
    auto header = detail::parse_safetensors_header(text, path.string());
    data_begin_ = detail::safetensors_prefix + text.size();
    detail::check_safetensors_layout(header.tensors, file_.size() - data_begin_, path.string());
    tensors_ = std::move(header.tensors);
    metadata_ = std::move(header.metadata);
    by_name_.resize(tensors_.size());
    for (std::size_t i = 0; i < by_name_.size(); ++i) {
      by_name_[i] = i;
    }
    std::sort(by_name_.begin(), by_name_.end(),
              [&](std::size_t a, std::size_t b) { return tensors_[a].name < tensors_[b].name; });
  }

  /// All tensors, in the order of their data.
  std::span<tensor_info const> tensors() const { return tensors_; }
  std::map<std::string, std::string> const& metadata() const { return metadata_; }
  std::filesystem::path const& path() const { return file_.path(); }

  /// The tensor of that name, or null. O(log count).
  tensor_info const* find(std::string_view name) const {
    auto const found = std::lower_bound(
        by_name_.begin(), by_name_.end(), name,
        [&](std::size_t i, std::string_view wanted) { return tensors_[i].name < wanted; });
    bool const hit = found != by_name_.end() && tensors_[*found].name == name;
    return hit ? &tensors_[*found] : nullptr;
  }

  /// The tensor of that name. Throws `error{format}` if there is none.
  tensor_info const& at(std::string_view name) const {
    auto const* const found = find(name);
    expects(found != nullptr, error_kind::format, path(), ": expected a tensor ",
            in_quotes(name), ", got a file of ", tensors_.size(), " tensors without it");
    return *found;
  }

  /// The bytes of a tensor of this file, at any alignment. Valid as long as this object.
  std::span<std::byte const> bytes(tensor_info const& tensor) const {
    return file_.bytes().subspan(data_begin_ + std::size_t(tensor.begin),
                                 std::size_t(tensor.bytes()));
  }

  /// The bytes before the first tensor: the header's length and the header.
  std::span<std::byte const> header() const { return file_.bytes().first(data_begin_); }

  /// The file underneath.
  mapped_file& file() { return file_; }
  mapped_file const& file() const { return file_; }

  /// Converts the elements of a tensor of this file into `out`, in row-major order; the shape is
  /// free, the count is not. Types F32, F16, BF16 and F64; throws `error{format}` for others and
  /// `error{shape}` for a wrong count.
  template <std::floating_point T>
  void read(tensor_info const& tensor, std::span<T> out) const {
    expect_numbers(tensor);
    expects(tensor.elements() == out.size(), error_kind::shape, path(), ": tensor ",
            in_quotes(tensor.name), ": expected ", out.size(), " elements, got shape ",
            shape_text(tensor.shape));
    decode(tensor.type, bytes(tensor), out);
  }

  /// The one-dimensional tensor `name` as numbers. Throws as `at` and `read` do, and
  /// `error{shape}` if it has another number of dimensions.
  template <std::floating_point T = float>
  vector<T> read_vector(std::string_view name) const {
    tensor_info const& tensor = with_dimensions(name, 1);
    vector<T> result(index_t(tensor.shape[0]));
    read(tensor, std::span<T>(result.data(), std::size_t(result.size())));
    return result;
  }

  /// The two-dimensional tensor `name` as numbers. Throws as `read_vector` does.
  template <std::floating_point T = float>
  matrix<T> read_matrix(std::string_view name) const {
    tensor_info const& tensor = with_dimensions(name, 2);
    matrix<T> result(index_t(tensor.shape[0]), index_t(tensor.shape[1]));
    read(tensor, std::span<T>(result.data(), std::size_t(result.size())));
    return result;
  }

 private:
  void expect_numbers(tensor_info const& tensor) const {
    expects(is_readable_as_float(tensor.type), error_kind::format, path(), ": tensor ",
            in_quotes(tensor.name), ": expected F32, F16, BF16 or F64, got ",
            to_string(tensor.type), ", which is known but not supported as numbers");
  }

  tensor_info const& with_dimensions(std::string_view name, std::size_t dimensions) const {
    tensor_info const& tensor = at(name);
    expect_numbers(tensor);  // before memory is taken for its elements
    expects(tensor.shape.size() == dimensions, error_kind::shape, path(), ": tensor ",
            in_quotes(name), ": expected ", dimensions, " dimensions, got shape ",
            shape_text(tensor.shape));
    return tensor;
  }

  mapped_file file_;
  std::size_t data_begin_ = 0;
  std::vector<tensor_info> tensors_;
  std::vector<std::size_t> by_name_;
  std::map<std::string, std::string> metadata_;
};

}  // namespace svf
