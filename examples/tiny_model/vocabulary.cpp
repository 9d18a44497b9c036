// SPDX-License-Identifier: Apache-2.0
#include "vocabulary.hpp"

#include <string_view>

namespace tiny {

llama::tokenizer_data character_vocabulary() {
  constexpr std::string_view characters = " =+-:.?,0123456789abcdefghijklmnopqrstuvwxyz";
  llama::tokenizer_data data;
  data.model = "gpt2";
  data.tokens.push_back("<|end|>");
  data.kinds.push_back(llama::token_kind::control);
  for (char const c : characters) {
    data.tokens.emplace_back(1, c);
    data.kinds.push_back(llama::token_kind::normal);
  }
  return data;
}

}  // namespace tiny
