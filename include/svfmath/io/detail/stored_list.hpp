// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstring>
#include <string_view>
#include <vector>

#include <svfmath/core/error.hpp>
#include <svfmath/core/in_quotes.hpp>
#include <svfmath/io/safetensors.hpp>

namespace svf::detail {

/// The elements of a one-dimensional tensor, bit for bit, NaN and infinities included. Throws
/// `error{format}` if there is no such tensor, or one of another type or shape.
template <class T>
std::vector<T> stored_list(safetensors_file const& file, std::string_view name) {
  tensor_info const& tensor = file.at(name);
  expects(tensor.type == dtype_of<T> && tensor.shape.size() == 1, error_kind::format, file.path(),
          ": tensor ", in_quotes(name), ": expected one dimension of ", to_string(dtype_of<T>),
          ", got shape ", shape_text(tensor.shape), " of ", to_string(tensor.type));
  std::vector<T> values(std::size_t(tensor.shape[0]));
  if (!values.empty()) {  // little-endian, as io/ requires of the machine
    std::memcpy(values.data(), file.bytes(tensor).data(), values.size() * sizeof(T));
  }
  return values;
}

}  // namespace svf::detail
