// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace svf {

/// The element types that safetensors files know, by the names they have there.
enum class dtype : std::uint8_t {
  boolean, u8, i8, f8_e4m3, f8_e5m2, f8_e8m0, f8_e4m3fnuz, f8_e5m2fnuz,
  i16, u16, f16, bf16, i32, u32, f32, i64, u64, f64, c64, f4, f6_e2m3, f6_e3m2,
};

namespace detail {

struct dtype_row {
  dtype type;
  std::string_view name;
  unsigned bits;
};

// In the order of the enumerators, which the tests check.
inline constexpr std::array dtype_table{
    dtype_row{dtype::boolean, "BOOL", 8},
    dtype_row{dtype::u8, "U8", 8},
    dtype_row{dtype::i8, "I8", 8},
    dtype_row{dtype::f8_e4m3, "F8_E4M3", 8},
    dtype_row{dtype::f8_e5m2, "F8_E5M2", 8},
    dtype_row{dtype::f8_e8m0, "F8_E8M0", 8},
    dtype_row{dtype::f8_e4m3fnuz, "F8_E4M3FNUZ", 8},
    dtype_row{dtype::f8_e5m2fnuz, "F8_E5M2FNUZ", 8},
    dtype_row{dtype::i16, "I16", 16},
    dtype_row{dtype::u16, "U16", 16},
    dtype_row{dtype::f16, "F16", 16},
    dtype_row{dtype::bf16, "BF16", 16},
    dtype_row{dtype::i32, "I32", 32},
    dtype_row{dtype::u32, "U32", 32},
    dtype_row{dtype::f32, "F32", 32},
    dtype_row{dtype::i64, "I64", 64},
    dtype_row{dtype::u64, "U64", 64},
    dtype_row{dtype::f64, "F64", 64},
    dtype_row{dtype::c64, "C64", 64},
    dtype_row{dtype::f4, "F4", 4},
    dtype_row{dtype::f6_e2m3, "F6_E2M3", 6},
    dtype_row{dtype::f6_e3m2, "F6_E3M2", 6},
};

}  // namespace detail

/// Bits of one element: 4, 6, 8, 16, 32 or 64.
constexpr unsigned bits_of(dtype type) { return detail::dtype_table[std::size_t(type)].bits; }

/// The name in files: "F32", "BF16", "F8_E4M3", …
constexpr std::string_view to_string(dtype type) {
  return detail::dtype_table[std::size_t(type)].name;
}

/// The type of that name, or nothing if the format does not know it.
constexpr std::optional<dtype> dtype_from_string(std::string_view name) {
  for (auto const& row : detail::dtype_table) {
    if (row.name == name) {
      return row.type;
    }
  }
  return std::nullopt;
}

/// Whether `decode` and the readers built on it turn this type into float or double.
constexpr bool is_readable_as_float(dtype type) {
  return type == dtype::f32 || type == dtype::f16 || type == dtype::bf16 || type == dtype::f64;
}

/// The dtype of a C++ element type.
template <class T>
inline constexpr dtype dtype_of = [] {
  static_assert(sizeof(T) == 0, "dtype_of: no safetensors type holds this C++ type");
  return dtype{};
}();
template <> inline constexpr dtype dtype_of<bool> = dtype::boolean;
template <> inline constexpr dtype dtype_of<std::uint8_t> = dtype::u8;
template <> inline constexpr dtype dtype_of<std::int8_t> = dtype::i8;
template <> inline constexpr dtype dtype_of<std::int16_t> = dtype::i16;
template <> inline constexpr dtype dtype_of<std::uint16_t> = dtype::u16;
template <> inline constexpr dtype dtype_of<std::int32_t> = dtype::i32;
template <> inline constexpr dtype dtype_of<std::uint32_t> = dtype::u32;
template <> inline constexpr dtype dtype_of<float> = dtype::f32;
template <> inline constexpr dtype dtype_of<std::int64_t> = dtype::i64;
template <> inline constexpr dtype dtype_of<std::uint64_t> = dtype::u64;
template <> inline constexpr dtype dtype_of<double> = dtype::f64;

}  // namespace svf
