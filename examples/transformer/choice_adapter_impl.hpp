// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "choice_adapter.hpp"

#include <algorithm>
#include <utility>

#include "option_scores.hpp"

/// The members of choice_adapter.hpp's class. A unit that instantiates them includes its backend of
/// svfmath before.
namespace llama {

template <engine E>
basic_choice_adapter<E>::basic_choice_adapter(policy& exec, basic_adapted_model<E>& m,
                                              tokenizer const& words,
                                              classification_wording wording,
                                              encoding_limits limits)
    : exec_(exec), model_(m), words_(words), wording_(std::move(wording)), limits_(limits) {
  limits_.context = std::min(limits.context, std::size_t(m.base().cfg().context));
}

template <engine E>
std::vector<std::vector<float>> basic_choice_adapter<E>::label_scores(
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

template <engine E>
std::vector<std::size_t> basic_choice_adapter<E>::answer(
    std::span<choice_question const> prompts) {
  auto const asked = encode(words_, prompts, limits_);
  auto const scores = option_scores(exec_, model_.current(), asked);
  std::vector<std::size_t> result;
  for (std::size_t q = 0; q < asked.size(); ++q) {
    auto const row = scores.row(q);
    result.push_back(std::size_t(std::max_element(row.begin(), row.end()) - row.begin()));
  }
  return result;
}

template <engine E>
svf::fitness basic_choice_adapter<E>::evaluate(std::span<float const> z,
                                               std::span<encoded_question const> examples) {
  model_.set_z(exec_, z);
  auto const result = summarise(option_scores(exec_, model_.current(), examples), examples);
  return {result.accuracy(), result.mean_log_probability};
}

}  // namespace llama
