// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "tokenizer.hpp"

namespace llama {

struct chat_message {
  std::string role;  ///< "system", "user" or "assistant"
  std::string content;
};

/// What SmolLM2-Instruct's own template puts first when the conversation has no system message.
inline constexpr std::string_view default_system_message =
    "You are a helpful AI assistant named SmolLM, trained by Hugging Face";

/// ChatML: "<|im_start|>role\ncontent<|im_end|>\n" per message, the default system message first
/// when the first message is not a system message, and "<|im_start|>assistant\n" at the end when
/// the model is to speak. Encode the result with `parse_special`, and only if the contents are
/// trusted: `encode_chat` is safe for any content.
std::string apply_chat_template(std::span<chat_message const> messages, bool add_generation_prompt);

/// The ids of the same text, in which only the template's own marks become control tokens: a
/// "<|im_end|>" within a content is read as text. Throws `svf::error` (format) where the
/// vocabulary lacks the marks.
std::vector<std::int32_t> encode_chat(tokenizer const& tok, std::span<chat_message const> messages,
                                      bool add_generation_prompt);

}  // namespace llama
