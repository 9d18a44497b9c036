// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <unordered_set>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

#include <svfmath/core/error.hpp>
#include <svfmath/io/tensor_info.hpp>

namespace svf::detail {

/// What the JSON header of a safetensors file says, before it is held against the data.
struct safetensors_header {
  std::vector<tensor_info> tensors;
  std::map<std::string, std::string> metadata;
};

/// Receives the header's JSON as events and accepts only what the format allows:
///   { "__metadata__": {string: string …}, NAME: {"dtype": string, "shape": [n …],
///     "data_offsets": [begin, end]} … }
/// Events instead of a document show keys that occur twice and keep nesting from costing anything.
class safetensors_header_events {
 public:
  using json = nlohmann::json;

  /// `file` begins every message.
  explicit safetensors_header_events(std::string file) : file_(std::move(file)) {}

  safetensors_header take() { return std::move(header_); }

  bool start_object(std::size_t) {
    switch (at_) {
      case place::start: at_ = place::root; return true;
      case place::metadata_entry: at_ = place::metadata; return true;
      case place::tensor_entry: at_ = place::tensor; return true;
      default: return unexpected("an object");
    }
  }

  bool end_object() {
    if (at_ == place::tensor) {
      finish_tensor();
    }
    at_ = at_ == place::root ? place::end : place::root;
    return true;
  }

  bool key(std::string& name) {
    if (at_ == place::root && name == "__metadata__") {
      refuse(seen_metadata_, "duplicate key '__metadata__'");
      seen_metadata_ = true;
      at_ = place::metadata_entry;
    } else if (at_ == place::root) {
      refuse(!names_.insert(name).second, "duplicate key ", in_quotes(name),
             ": two tensors of one name");
      tensor_ = {};
      tensor_.name = name;
      fields_ = 0;
      at_ = place::tensor_entry;
    } else if (at_ == place::metadata) {
      refuse(header_.metadata.contains(name), "__metadata__: duplicate key ", in_quotes(name));
      metadata_key_ = name;
      at_ = place::metadata_value;
    } else {
      start_field(name);
    }
    return true;
  }

  bool string(std::string& text) {
    if (at_ == place::metadata_value) {
      header_.metadata.emplace(std::move(metadata_key_), text);
      at_ = place::metadata;
      return true;
    }
    if (at_ != place::type) {
      return unexpected("a string");
    }
    auto const type = dtype_from_string(text);
    refuse(!type, tensor(), "dtype: expected a type of the safetensors format, got ",
           in_quotes(text), ", which is unknown");
    tensor_.type = *type;
    at_ = place::tensor;
    return true;
  }

  bool start_array(std::size_t) {
    switch (at_) {
      case place::shape: at_ = place::shape_item; return true;
      case place::offsets: at_ = place::offset_item; return true;
      default: return unexpected("an array");
    }
  }

  bool end_array() {
    refuse(at_ == place::offset_item && offsets_ != 2, tensor(),
           "data_offsets: expected two integers, got ", offsets_);
    at_ = place::tensor;
    return true;
  }

  bool number_unsigned(std::uint64_t value) {
    if (at_ == place::shape_item) {
      refuse(value > largest_extent, tensor(), "shape: expected extents below 2^48, got ", value);
      tensor_.shape.push_back(value);
      return true;
    }
    if (at_ != place::offset_item) {
      return unexpected("a number");
    }
    refuse(offsets_ == 2, tensor(), "data_offsets: expected two integers, got more");
    (offsets_ == 0 ? tensor_.begin : tensor_.end) = value;
    ++offsets_;
    return true;
  }

  bool number_integer(std::int64_t value) {
    return unexpected(std::string("the negative number ").append(std::to_string(value)));
  }
  bool number_float(double, std::string const& text) {
    return unexpected(std::string("the number ").append(in_quotes(text)));
  }
  bool null() { return unexpected("null"); }
  bool boolean(bool value) { return unexpected(value ? "true" : "false"); }
  bool binary(json::binary_t&) { return unexpected("binary data"); }

  bool parse_error(std::size_t position, std::string const&, nlohmann::json::exception const& why) {
    std::string_view text = why.what();
    text.remove_prefix(std::min(text.size(), text.find("] ") + 2));
    fail(error_kind::format, file_, ": expected a header of valid UTF-8 JSON, got an error at ",
         "byte ", position, ": ", in_quotes(text));
  }

 private:
  enum class place {
    start, root, end, metadata_entry, metadata, metadata_value,
    tensor_entry, tensor, type, shape, shape_item, offsets, offset_item,
  };
  enum field : unsigned { has_type = 1, has_shape = 2, has_offsets = 4 };

  template <class... Parts>
  void refuse(bool condition, Parts const&... parts) const {
    expects(!condition, error_kind::format, file_, ": ", parts...);
  }

  std::string tensor() const {
    return std::string("tensor ").append(in_quotes(tensor_.name)).append(": ");
  }

  bool unexpected(std::string_view found) const {
    switch (at_) {
      case place::start: fail_here("", "expected the header to be an object", found);
      case place::metadata_entry: fail_here("__metadata__: ", "expected an object", found);
      case place::metadata_value:
        fail_here(std::string("__metadata__: ").append(in_quotes(metadata_key_)).append(": "),
                  "expected a string", found);
      case place::tensor_entry: fail_here(tensor(), "expected an object", found);
      case place::type: fail_here(tensor(), "dtype: expected a string", found);
      case place::shape: fail_here(tensor(), "shape: expected an array", found);
      case place::shape_item:
        fail_here(tensor(), "shape: expected integers from 0 to 2^48-1", found);
      case place::offsets: fail_here(tensor(), "data_offsets: expected an array", found);
      case place::offset_item:
        fail_here(tensor(), "data_offsets: expected two integers from 0 to 2^64-1", found);
      default: fail_here("", "expected the header to end", found);
    }
  }

  [[noreturn]] void fail_here(std::string_view where, std::string_view expected,
                              std::string_view found) const {
    fail(error_kind::format, file_, ": ", where, expected, ", got ", found);
  }

  void start_field(std::string const& name) {
    bool const type = name == "dtype";
    bool const shape = name == "shape";
    refuse(!type && !shape && name != "data_offsets", tensor(),
           "expected only dtype, shape and data_offsets, got the field ", in_quotes(name));
    unsigned const bit = type ? has_type : shape ? has_shape : has_offsets;
    refuse((fields_ & bit) != 0, tensor(), "duplicate key ", in_quotes(name));
    fields_ |= bit;
    offsets_ = 0;
    at_ = type ? place::type : shape ? place::shape : place::offsets;
  }

  void finish_tensor() {
    refuse((fields_ & has_type) == 0, tensor(), "expected the field dtype, which is missing");
    refuse((fields_ & has_shape) == 0, tensor(), "expected the field shape, which is missing");
    refuse((fields_ & has_offsets) == 0, tensor(),
           "expected the field data_offsets, which is missing");
    header_.tensors.push_back(std::move(tensor_));
  }

  std::string file_;
  safetensors_header header_;
  place at_ = place::start;
  bool seen_metadata_ = false;
  std::unordered_set<std::string> names_;
  std::string metadata_key_;
  tensor_info tensor_;
  unsigned fields_ = 0;
  unsigned offsets_ = 0;
};

}  // namespace svf::detail
