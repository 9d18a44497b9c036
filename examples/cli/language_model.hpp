// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <svfmath/expert/expert.hpp>

#include <transformer/adapted_model.hpp>
#include <transformer/choice.hpp>
#include <transformer/option_scores.hpp>
#include <transformer/tokenizer.hpp>

#include "device.hpp"
#include "experts.hpp"
#include "progress.hpp"

namespace cli {

/// The tokenizer of a model. Throws `svf::error{format}` where the model has none.
llama::tokenizer tokenizer_of(llama::checkpoint const& source);

/// The ids of a question to answer, in the model's chat template. Throws `svf::error{format}`
/// naming `model` where its file holds no template, or one that is neither SmolLM2's nor plain
/// ChatML.
std::vector<llama::token> encode_chat_prompt(llama::tokenizer const& words,
                                             std::string const& text, std::string const& model);

/// A Llama model beside experts of it. Only the matrices that an expert names are factored.
template <llama::engine E>
struct expert_model {
  llama::tokenizer words;
  std::unique_ptr<llama::basic_adapted_model<E>> adapted;
  std::vector<svf::expert> experts;                // over the layout of `adapted`
  std::vector<svf::expert_metadata> metadata;      // by expert
};
/// `files`: at least one expert under the name it shall have (empty: its own). Throws
/// `svf::error{format}` if the experts want different normalisations, and what reading throws.
template <llama::engine E>
expert_model<E> load_expert_model(policies<E> const& on, std::string const& path,
                                  std::vector<named_file> const& files,
                                  expert_options const& options) {
  if (options.cache.empty()) {
    hint("with --cache DIR the factors of the expert's matrices are computed only once");
  }
  std::set<std::string> names;
  for (named_file const& file : files) {
    names.merge(expert_sites(file.path));  // before the model, which takes longer to read
  }
  llama::checkpoint source = llama::load_checkpoint(path);
  llama::expect_supported<E>(source.cfg);  // before the factors, which take longer
  expert_model<E> result{tokenizer_of(source), nullptr, {}, {}};
  auto const all = llama::sites_of(on.host, source);
  std::vector<svf::loaded_expert> loaded;
  for (named_file const& file : files) {
    loaded.push_back(read_expert(file.path, all, options.unverified_base));
    auto const first = loaded.front().metadata.normalisation;
    auto const here = loaded.back().metadata.normalisation;
    svf::expects(here == first, svf::error_kind::format, file.path,
                 ": expected the normalisation of '", files.front().path, "', ",
                 to_string(first), ", got ", to_string(here));
  }
  auto sites = select_sites(all, names, path);
  for (std::size_t i = 0; i < files.size(); ++i) {
    auto const& name = files[i].name.empty() ? loaded[i].value.name() : files[i].name;
    result.experts.push_back(extend(loaded[i].value, sites.layout, name));
    result.metadata.push_back(loaded[i].metadata);
  }
  auto factored = factor_with_progress(on, source, sites, options.cache);
  result.adapted = std::make_unique<llama::basic_adapted_model<E>>(
      on.exec, source, std::move(sites), std::move(factored.factors),
      loaded.front().metadata.normalisation);
  return result;
}

/// A Llama model to read with: the base, or the base under one expert.
template <llama::engine E>
class language_model {
 public:
  /// `expert`: an expert file, or empty for the base.
  language_model(policies<E> const& on, std::string const& path, std::string const& expert,
                 expert_options const& options) {
    if (expert.empty()) {
      llama::checkpoint const source = llama::load_checkpoint(path);
      words_.emplace(tokenizer_of(source));
      base_ = std::make_unique<llama::basic_model<E>>(on.exec, source);
      return;
    }
    auto loaded = load_expert_model(on, path, {{"", expert}}, options);
    words_.emplace(std::move(loaded.words));
    adapted_ = std::move(loaded.adapted);
    adapted_->set_z(on.exec, loaded.experts.front().values());
  }

  llama::tokenizer const& words() const { return *words_; }
  llama::basic_model<E> const& current() const { return adapted_ ? adapted_->current() : *base_; }

 private:
  std::optional<llama::tokenizer> words_;
  std::unique_ptr<llama::basic_model<E>> base_;
  std::unique_ptr<llama::basic_adapted_model<E>> adapted_;
};

/// `llama::option_scores` of all questions, in pieces that move a bar.
template <llama::engine E>
llama::choice_result evaluate(typename E::policy& exec, llama::basic_model<E> const& m,
                              std::span<llama::encoded_question const> questions) {
  constexpr auto piece = std::size_t(E::rows_at_a_time) / 32;  // a bar that moves
  progress_bar bar("questions", questions.size());
  svf::action_table<float> scores;
  for (std::size_t first = 0; first < questions.size(); first += piece) {
    auto const part = questions.subspan(first, std::min(piece, questions.size() - first));
    auto const rows = llama::option_scores(exec, m, part);
    for (std::size_t q = 0; q < part.size(); ++q) {
      scores.push_row(rows.row(q));
    }
    bar.advance(part.size());
  }
  return llama::summarise(scores, questions);
}

}  // namespace cli
