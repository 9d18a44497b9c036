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
    : exec_(exec), model_(m), words_(words), wording_(std::move(wording)), limits_(limits) {
  limits_.context = std::min(limits.context, std::size_t(m.base().cfg().context));
}

std::vector<std::vector<float>> choice_adapter::label_scores(
    std::span<choice_question const> prompts, std::span<std::string const> labels) {
  std::vector<encoded_question> asked;
  for (choice_question const& prompt : prompts) {
    asked.push_back(encode(words_, wording_.ask(prompt.prompt, labels), limits_));
  }
  auto const scores = option_scores(exec_, model_.current(), asked);
  std::vector<std::vector<float>> result;
  for (std::size_t q = 0; q < asked.size(); ++q) {
    result.emplace_back(scores.row(q).begin(), scores.row(q).end());
  }
  return result;
}

std::vector<std::size_t> choice_adapter::answer(std::span<choice_question const> prompts) {
  auto const asked = encode(words_, prompts, limits_);
  auto const scores = option_scores(exec_, model_.current(), asked);
  std::vector<std::size_t> result;
  for (std::size_t q = 0; q < asked.size(); ++q) {
    auto const row = scores.row(q);
    result.push_back(std::size_t(std::max_element(row.begin(), row.end()) - row.begin()));
  }
  return result;
}

svf::fitness choice_adapter::evaluate(std::span<float const> z,
                                      std::span<encoded_question const> examples) {
  model_.set_z(exec_, z);
  auto const result = summarise(option_scores(exec_, model_.current(), examples), examples);
  return {result.accuracy(), result.mean_log_probability};
}

}  // namespace llama
