// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>

#include <svfmath/core/error.hpp>
#include <svfmath/core/half.hpp>
#include <svfmath/io/dtype.hpp>

namespace svf {

namespace detail {

// memcpy is what makes unaligned data safe; compilers turn it into plain loads and stores.
template <class Stored, class T, class Convert>
void decode_each(std::byte const* bytes, std::span<T> out, Convert convert) {
  for (std::size_t i = 0; i < out.size(); ++i) {
    Stored value;
    std::memcpy(&value, bytes + i * sizeof(Stored), sizeof(Stored));
    out[i] = T(convert(value));
  }
}

template <class Stored, class Convert>
void encode_each(std::span<float const> values, std::byte* out, Convert convert) {
  for (std::size_t i = 0; i < values.size(); ++i) {
    Stored const value = Stored(convert(values[i]));
    std::memcpy(out + i * sizeof(Stored), &value, sizeof(Stored));
  }
}

inline void expect_size(char const* where, dtype type, std::size_t elements, std::size_t bytes) {
  expects(bytes / (bits_of(type) / 8) == elements && bytes % (bits_of(type) / 8) == 0,
          error_kind::shape, where, ": expected ", elements, " elements of ", to_string(type),
          ", got ", bytes, " bytes");
}

}  // namespace detail

/// Reads `out.size()` elements of `type` from `bytes`, at any alignment. F32, F16 and BF16 are
/// exact in float and double; F64 rounds to nearest in float. Throws `error{format}` for other
/// types, which are known but not readable as numbers here, and `error{shape}` if the sizes
/// differ. O(n).
template <std::floating_point T>
void decode(dtype type, std::span<std::byte const> bytes, std::span<T> out) {
  expects(is_readable_as_float(type), error_kind::format, "decode: type ", to_string(type),
          " is known but not supported; F32, F16, BF16 and F64 can be read as numbers");
  detail::expect_size("decode", type, out.size(), bytes.size());
  if (type == dtype_of<T> && !out.empty()) {
    std::memcpy(out.data(), bytes.data(), bytes.size());
  } else if (type == dtype::f32) {
    detail::decode_each<float>(bytes.data(), out, [](float x) { return x; });
  } else if (type == dtype::f64) {
    detail::decode_each<double>(bytes.data(), out, [](double x) { return x; });
  } else if (type == dtype::f16) {
    detail::decode_each<std::uint16_t>(bytes.data(), out, from_f16);
  } else {
    detail::decode_each<std::uint16_t>(bytes.data(), out, from_bf16);
  }
}

/// Writes `values` as elements of `type` to `out`, at any alignment, rounded to nearest (ties to
/// even). Throws as `decode` does. O(n).
inline void encode(dtype type, std::span<float const> values, std::span<std::byte> out) {
  expects(is_readable_as_float(type), error_kind::format, "encode: type ", to_string(type),
          " is known but not supported; F32, F16, BF16 and F64 can be written from numbers");
  detail::expect_size("encode", type, values.size(), out.size());
  if (type == dtype::f32) {
    detail::encode_each<float>(values, out.data(), [](float x) { return x; });
  } else if (type == dtype::f64) {
    detail::encode_each<double>(values, out.data(), [](float x) { return x; });
  } else if (type == dtype::f16) {
    detail::encode_each<std::uint16_t>(values, out.data(), to_f16);
  } else {
    detail::encode_each<std::uint16_t>(values, out.data(), to_bf16);
  }
}

}  // namespace svf
