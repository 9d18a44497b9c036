// SPDX-License-Identifier: Apache-2.0
#include "language_model.hpp"

#include <algorithm>
#include <set>
#include <utility>

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

expert_model load_expert_model(llama::cpu_policy& exec, std::string const& path,
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
  expert_model result{tokenizer_of(source), nullptr, {}, {}};
  auto const all = llama::sites_of(exec, source);
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
  auto factored = factor_with_progress(exec, source, sites, options.cache);
  result.adapted = std::make_unique<llama::adapted_model>(
      source, std::move(sites), std::move(factored.factors),
      loaded.front().metadata.normalisation);
  return result;
}

language_model::language_model(llama::cpu_policy& exec, std::string const& path,
                               std::string const& expert, expert_options const& options) {
  if (expert.empty()) {
    llama::checkpoint const source = llama::load_checkpoint(path);
    words_.emplace(tokenizer_of(source));
    base_ = std::make_unique<llama::model>(source);
    return;
  }
  auto loaded = load_expert_model(exec, path, {{"", expert}}, options);
  words_.emplace(std::move(loaded.words));
  adapted_ = std::move(loaded.adapted);
  adapted_->set_z(exec, loaded.experts.front().values());
}

llama::choice_result evaluate(llama::cpu_policy& exec, llama::model const& m,
                              std::span<llama::encoded_question const> questions) {
  constexpr std::size_t piece = 64;
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
