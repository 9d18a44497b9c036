// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
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

/// ChatML: "<|im_start|>role\ncontent<|im_end|>\n" per message, the message `system` first when the
/// first one is not a system message (nothing if it is empty), and "<|im_start|>assistant\n" at the
/// end when the model is to speak. Encode the result with `parse_special`, and only if the contents
/// are trusted: `encode_chat` is safe for any content.
std::string apply_chat_template(std::span<chat_message const> messages, bool add_generation_prompt,
                                std::string_view system = default_system_message);

/// The default system message (perhaps none: empty) of a template as model files hold it in Jinja,
/// or nothing if it is neither SmolLM2's nor plain ChatML, which are all that this file can write.
std::optional<std::string_view> system_message_of(std::string_view jinja);

/// The ids of the same text, in which only the template's own marks become control tokens: a
/// "<|im_end|>" within a content is read as text. Throws `svf::error` (format) where the
/// vocabulary lacks the marks.
std::vector<std::int32_t> encode_chat(tokenizer const& tok, std::span<chat_message const> messages,
                                      bool add_generation_prompt,
                                      std::string_view system = default_system_message);

}  // namespace llama
