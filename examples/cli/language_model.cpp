// SPDX-License-Identifier: Apache-2.0
#include "language_model.hpp"

#include <svfmath/core/in_quotes.hpp>

#include <transformer/chat_template.hpp>

namespace cli {

llama::tokenizer tokenizer_of(llama::checkpoint const& source) {
  svf::expects(!source.tok.tokens.empty(), svf::error_kind::format, source.source,
               ": expected a model with a tokenizer, got one without");
  return llama::tokenizer(source.tok, source.source);
}

std::vector<llama::token> encode_chat_prompt(llama::tokenizer const& words,
                                             std::string const& text, std::string const& model) {
  auto const& jinja = words.data().chat_template;
  auto const system = llama::system_message_of(jinja);
  svf::expects(system.has_value(), svf::error_kind::format, "--chat: '", model,
               "': expected the chat template of SmolLM2 or plain ChatML (<|im_start|>), got ",
               jinja.empty() ? "none" : svf::in_quotes(jinja));
  std::vector<llama::chat_message> const chat{{"user", text}};
  return llama::encode_chat(words, chat, true, *system);
}

}  // namespace cli
