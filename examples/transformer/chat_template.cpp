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
                        std::string_view system, Mark mark, Plain plain) {
  auto const write = [&](std::string_view role, std::string_view content) {
    mark(start_mark);
    plain(std::string(role) + "\n" + std::string(content));
    mark(end_mark);
    plain("\n");
  };
  if (!system.empty() && !messages.empty() && messages[0].role != "system") {
    write("system", system);
  }
  for (chat_message const& message : messages) {
    write(message.role, message.content);
  }
  if (add_generation_prompt) {
    mark(start_mark);
    plain("assistant\n");
  }
}

// Line ends may stand for themselves or as \n.
std::string with_line_ends(std::string_view jinja) {
  std::string text(jinja);
  for (auto at = text.find("\\n"); at != std::string::npos; at = text.find("\\n", at)) {
    text.replace(at, 2, "\n");
  }
  return text;
}

}  // namespace

std::optional<std::string_view> system_message_of(std::string_view jinja) {
  std::string const loop = "{% for message in messages %}";
  std::string const first =
      "{% if loop.first and messages[0]['role'] != 'system' %}{{ '<|im_start|>system\n" +
      std::string(default_system_message) + "<|im_end|>\n' }}{% endif %}";
  std::string const rest =
      "{{'<|im_start|>' + message['role'] + '\n' + message['content'] + '<|im_end|>' + '\n'}}"
      "{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}";
  auto const text = with_line_ends(jinja);
  if (text == loop + first + rest) {
    return default_system_message;
  }
  return text == loop + rest ? std::optional<std::string_view>("") : std::nullopt;
}

std::string apply_chat_template(std::span<chat_message const> messages,
                                bool add_generation_prompt, std::string_view system) {
  std::string text;
  auto const append = [&](std::string_view part) { text += part; };
  write_conversation(messages, add_generation_prompt, system, append, append);
  return text;
}

std::vector<std::int32_t> encode_chat(tokenizer const& tok, std::span<chat_message const> messages,
                                      bool add_generation_prompt, std::string_view system) {
  std::vector<std::int32_t> ids;
  write_conversation(
      messages, add_generation_prompt, system,
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
