// SPDX-License-Identifier: Apache-2.0
#include "choice_adapter.hpp"

namespace llama {

choice_question classification_wording::ask(std::string const& prompt,
                                            std::span<std::string const> labels,
                                            std::size_t right) const {
  choice_question question;
  question.prompt = before + prompt + after;
  for (std::string const& label : labels) {
    question.options.push_back(label_prefix + label);
  }
  question.answer = right;
  return question;
}

}  // namespace llama
