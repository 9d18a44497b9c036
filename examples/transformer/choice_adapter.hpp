// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <span>
#include <string>
#include <vector>

#include <svfmath/adapt/adaptable_model.hpp>

#include "adapted_model.hpp"
#include "choice.hpp"
#include "tokenizer.hpp"

namespace llama {

/// How a model is asked what kind of question it sees: text before the question's prompt, text
/// after it, and what stands before each label.
struct classification_wording {
  std::string before;
  std::string after;
  std::string label_prefix = " ";

  /// The question "which of `labels` is `prompt`?" with answer `right`.
  choice_question ask(std::string const& prompt, std::span<std::string const> labels,
                      std::size_t right = 0) const;
};

/// A choice-answering model as `svf::two_pass` sees it (concept `svf::adaptable_model`).
template <engine E>
class basic_choice_adapter {
 public:
  using policy = typename E::policy;
  using prompt_type = choice_question;
  using answer_type = std::size_t;          ///< index of the option with the highest score
  using example_type = encoded_question;

  /// Prompts and options are cut to `limits` and to the model's context.
  basic_choice_adapter(policy& exec, basic_adapted_model<E>& m, tokenizer const& words,
                       classification_wording wording, encoding_limits limits = {});

  void set_z(std::span<float const> z) { model_.set_z(exec_, z); }
  std::vector<std::vector<float>> label_scores(std::span<choice_question const> prompts,
                                               std::span<std::string const> labels);
  std::vector<std::size_t> answer(std::span<choice_question const> prompts);
  svf::fitness evaluate(std::span<float const> z, std::span<encoded_question const> examples);

 private:
  policy& exec_;
  basic_adapted_model<E>& model_;
  tokenizer const& words_;
  classification_wording wording_;
  encoding_limits limits_;
};

using choice_adapter = basic_choice_adapter<cpu_engine>;

extern template class basic_choice_adapter<cpu_engine>;

static_assert(svf::adaptable_model<choice_adapter>);

}  // namespace llama
