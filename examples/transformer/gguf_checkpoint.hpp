// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>

#include "checkpoint.hpp"
#include "gguf.hpp"

namespace llama {

/// The configuration in the `llama.*` keys. Throws `svf::error` (format) naming the key that is
/// missing, of another type, or asks for what this transformer does not compute.
config gguf_config(gguf_file const& file);

/// The vocabulary in the `tokenizer.*` keys, empty if there are none.
tokenizer_data gguf_tokenizer(gguf_file const& file);

/// Reads a GGUF model. See `load_checkpoint`; nothing is validated here but what is read.
checkpoint load_gguf(std::filesystem::path const& path);

}  // namespace llama
