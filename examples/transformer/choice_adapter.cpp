// SPDX-License-Identifier: Apache-2.0
#include "choice_adapter.hpp"

#include <algorithm>
#include <utility>

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

choice_adapter::choice_adapter(cpu_policy& exec, adapted_model& m, tokenizer const& words,
                               classification_wording wording, encoding_limits limits)
    : exec_(exec), model_(m), words_(words), wording_(std::move(wording)), limits_(limits) {}

std::vector<float> choice_adapter::label_scores(choice_question const& prompt,
                                                std::span<std::string const> labels) {
  auto const asked = encode(words_, wording_.ask(prompt.prompt, labels), limits_);
  return option_scores(exec_, model_.current(), std::span(&asked, 1)).values;
}

std::size_t choice_adapter::answer(choice_question const& prompt) {
  auto const asked = encode(words_, prompt, limits_);
  auto const scores = option_scores(exec_, model_.current(), std::span(&asked, 1)).values;
  return std::size_t(std::max_element(scores.begin(), scores.end()) - scores.begin());
}

svf::fitness choice_adapter::evaluate(std::span<float const> z,
                                      std::span<encoded_question const> examples) {
  model_.set_z(exec_, z);
  auto const result = summarise(option_scores(exec_, model_.current(), examples), examples);
  return {result.accuracy(), result.mean_log_probability};
}

}  // namespace llama
