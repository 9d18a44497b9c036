// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace llama {

/// The element types of GGUF files that can be read, with the ids they have there.
enum class gguf_type : std::int32_t {
  f32 = 0,
  f16 = 1,
  q4_0 = 2,
  q4_1 = 3,
  q5_0 = 6,
  q5_1 = 7,
  q8_0 = 8,
  q4_k = 12,
  q6_k = 14,
  bf16 = 30,
};

/// A type's unit of storage: `elements` consecutive weights of a row kept in `bytes` bytes.
struct gguf_block {
  std::size_t elements;
  std::size_t bytes;
};

gguf_block block_of(gguf_type type);
std::string_view to_string(gguf_type type);  ///< "F32", "Q4_1", "Q6_K", …

/// The type with that id, or nothing if it is none of the above.
std::optional<gguf_type> gguf_type_from_id(std::int32_t id);

/// Converts whole blocks to float, element by element:
///   Q4_0  d(q−8)    Q5_0  d(q−16)    Q8_0  dq    Q4_1, Q5_1  dq + m
///   Q4_K  d·scale·q − dmin·min       Q6_K  d·scale·(q−32)
/// with d, m, dmin in half precision and the bits of q where ggml's block formats keep them.
/// The bytes may lie at any alignment. Throws `svf::error` (shape) unless `blocks` is a whole
/// number of blocks with `out.size()` elements. Serial; rows are independent, so callers may
/// split a tensor among threads.
void dequantize(gguf_type type, std::span<std::byte const> blocks, std::span<float> out);

}  // namespace llama
