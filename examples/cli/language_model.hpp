// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <svfmath/expert/expert.hpp>

#include <transformer/adapted_model.hpp>
#include <transformer/choice.hpp>
#include <transformer/tokenizer.hpp>

#include "experts.hpp"
#include "progress.hpp"

namespace cli {

/// The tokenizer of a model. Throws `svf::error{format}` where the model has none.
llama::tokenizer tokenizer_of(llama::checkpoint const& source);

/// The ids of a question to answer, in the model's chat template. Throws `svf::error{format}` naming
/// `model` where its file holds no template, or one that is neither SmolLM2's nor plain ChatML.
std::vector<llama::token> encode_chat_prompt(llama::tokenizer const& words,
                                             std::string const& text, std::string const& model);

/// A Llama model beside experts of it. Only the matrices that an expert names are factored.
struct expert_model {
  llama::tokenizer words;
  std::unique_ptr<llama::adapted_model> adapted;
  std::vector<svf::expert> experts;                // over the layout of `adapted`
  std::vector<svf::expert_metadata> metadata;      // by expert
};
/// `files`: at least one expert under the name it shall have (empty: its own). Throws
/// `svf::error{format}` if the experts want different normalisations, and what reading throws.
expert_model load_expert_model(llama::cpu_policy& exec, std::string const& path,
                               std::vector<named_file> const& files,
                               expert_options const& options);

/// A Llama model to read with: the base, or the base under one expert.
class language_model {
 public:
  /// `expert`: an expert file, or empty for the base.
  language_model(llama::cpu_policy& exec, std::string const& path, std::string const& expert,
                 expert_options const& options);

  llama::tokenizer const& words() const { return *words_; }
  llama::model const& current() const { return adapted_ ? adapted_->current() : *base_; }

 private:
  std::optional<llama::tokenizer> words_;
  std::unique_ptr<llama::model> base_;
  std::unique_ptr<llama::adapted_model> adapted_;
};

/// `llama::option_scores` of all questions, in pieces that move a bar.
llama::choice_result evaluate(llama::cpu_policy& exec, llama::model const& m,
                              std::span<llama::encoded_question const> questions);

}  // namespace cli
