// SPDX-License-Identifier: Apache-2.0
#include "chat_template.hpp"

#include <svfmath/core/error.hpp>

namespace llama {

namespace {

constexpr std::string_view start_mark = "<|im_start|>";
constexpr std::string_view end_mark = "<|im_end|>";

// Calls mark(text) for the marks and plain(text) for what lies between, in order.
template <class Mark, class Plain>
void write_conversation(std::span<chat_message const> messages, bool add_generation_prompt,
                        Mark mark, Plain plain) {
  auto const write = [&](std::string_view role, std::string_view content) {
    mark(start_mark);
    plain(std::string(role) + "\n" + std::string(content));
    mark(end_mark);
    plain("\n");
  };
  if (!messages.empty() && messages[0].role != "system") {
    write("system", default_system_message);
  }
  for (chat_message const& message : messages) {
    write(message.role, message.content);
  }
  if (add_generation_prompt) {
    mark(start_mark);
    plain("assistant\n");
  }
}

}  // namespace

std::string apply_chat_template(std::span<chat_message const> messages,
                                bool add_generation_prompt) {
  std::string text;
  auto const append = [&](std::string_view part) { text += part; };
  write_conversation(messages, add_generation_prompt, append, append);
  return text;
}

std::vector<std::int32_t> encode_chat(tokenizer const& tok, std::span<chat_message const> messages,
                                      bool add_generation_prompt) {
  std::vector<std::int32_t> ids;
  write_conversation(
      messages, add_generation_prompt,
      [&](std::string_view mark) {
        auto const id = tok.find(mark);
        svf::expects(id.has_value(), svf::error_kind::format,
                     "encode_chat: expected a vocabulary with the token ", mark);
        ids.push_back(*id);
      },
      [&](std::string_view text) {
        auto const part = tok.encode(text);
        ids.insert(ids.end(), part.begin(), part.end());
      });
  return ids;
}

}  // namespace llama
