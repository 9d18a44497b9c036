// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>
#include <memory>
#include <numeric>
#include <span>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <svfmath/io/mapped_file.hpp>

#include <transformer/generate.hpp>
#include <transformer/json_fields.hpp>
#include <transformer/predictions.hpp>
#include <transformer/unicode.hpp>

#include "commands.hpp"
#include "language_model.hpp"
#include "output.hpp"
#include "progress.hpp"

namespace cli {

namespace {

using svf::error_kind;
using svf::index_t;

constexpr index_t greedy_tokens = 16;
constexpr std::size_t top_count = 10;

struct score_options : common_options, expert_options, device_options {
  std::string model;
  std::string prompts;
  std::string expert;
};

// {"prompts": [{"text": ...}, ...]}; other fields are not looked at.
std::vector<std::string> read_prompts(std::string const& path) {
  svf::mapped_file const file(path);
  auto const document = llama::parse_json(
      {reinterpret_cast<char const*>(file.bytes().data()), file.size()}, path);
  bool const is_object = document.is_object();
  svf::expects(is_object && document.contains("prompts") && document["prompts"].is_array() &&
                   !document["prompts"].empty(),
               error_kind::format, path,
               ": expected an object with a list 'prompts' of at least one prompt");
  std::vector<std::string> texts;
  for (auto const& prompt : document["prompts"]) {
    bool const fits = prompt.is_object() && prompt.contains("text") && prompt["text"].is_string();
    svf::expects(fits, error_kind::format, path, ": prompt ", texts.size(),
                 ": expected an object with a string 'text'");
    texts.push_back(prompt["text"].get<std::string>());
  }
  return texts;
}

template <llama::engine E>
std::vector<std::vector<llama::token>> encode_prompts(language_model<E> const& m,
                                                      std::string const& path,
                                                      std::vector<std::string> const& texts) {
  std::vector<std::vector<llama::token>> prompts;
  for (std::string const& text : texts) {
    prompts.push_back(m.words().encode_start(text, true));
    index_t const size = index_t(prompts.back().size());
    index_t const room = m.current().cfg().context - greedy_tokens;
    svf::expects(size >= 1 && size <= room, error_kind::format, path, ": prompt ",
                 prompts.size() - 1, ": expected 1 to ", room, " tokens, got ", size);
  }
  return prompts;
}

struct prompt_score {
  double sum_logprob = 0.0;
  std::vector<llama::token> top_ids;
  std::vector<float> top_logits;
  double logits_norm = 0.0;
  std::vector<llama::token> greedy;
};

template <llama::engine E>
prompt_score score(typename E::policy& exec, llama::basic_model<E> const& m,
                   std::span<llama::token const> ids) {
  prompt_score result;
  llama::basic_kv_cache<E> cache(exec, m.cfg(), index_t(ids.size()) + greedy_tokens);
  auto hidden = m.extend(exec, cache, ids);
  llama::predictions wanted;
  for (std::size_t t = 1; t < ids.size(); ++t) {
    wanted.add(index_t(t) - 1, ids[t], 0);
  }
  log_probabilities(exec, m, wanted, hidden.view(), std::span(&result.sum_logprob, 1));

  auto values = llama::next_logits<E>(exec, m, hidden.view(), "score");
  double squares = 0.0;
  for (float const value : values) {
    squares += double(value) * double(value);
  }
  result.logits_norm = std::sqrt(squares);
  std::vector<llama::token> order(values.size());
  std::iota(order.begin(), order.end(), 0);
  auto const end = order.begin() + std::ptrdiff_t(std::min(top_count, order.size()));
  std::partial_sort(order.begin(), end, order.end(), [&](llama::token a, llama::token b) {
    float const x = values[std::size_t(a)];
    float const y = values[std::size_t(b)];
    return x != y ? x > y : a < b;
  });
  result.top_ids.assign(order.begin(), end);
  for (llama::token const id : result.top_ids) {
    result.top_logits.push_back(values[std::size_t(id)]);
  }
  for (index_t i = 0; i < greedy_tokens; ++i) {
    result.greedy.push_back(llama::greedy_choice(values));
    if (i + 1 < greedy_tokens) {
      hidden = m.extend(exec, cache, std::span(&result.greedy.back(), 1));
      values = llama::next_logits<E>(exec, m, hidden.view(), "score");
    }
  }
  return result;
}

template <llama::engine E>
void run_on(policies<E> const& on, score_options const& options) {
  auto const texts = read_prompts(options.prompts);
  language_model<E> const m(on, options.model, options.expert, options);
  auto const prompts = encode_prompts(m, options.prompts, texts);
  progress_bar bar("prompts", prompts.size());
  for (std::size_t p = 0; p < prompts.size(); ++p) {
    auto const result = score(on.exec, m.current(), prompts[p]);
    auto const greedy_text = llama::replace_invalid_utf8(m.words().decode(result.greedy));
    bar.clear();
    if (options.as_json) {
      print_json({{"text", texts[p]},
                  {"ids", prompts[p]},
                  {"sum_logprob", result.sum_logprob},
                  {"last_top10_ids", result.top_ids},
                  {"last_top10_logits", result.top_logits},
                  {"last_logits_l2", result.logits_norm},
                  {"greedy16", result.greedy},
                  {"greedy16_text", greedy_text}});
    } else {
      fmt::print("{}\n", to_text(texts[p]));
      fmt::print("  {} tokens, sum of log p = {:.4f} nats\n", prompts[p].size(),
                 result.sum_logprob);
      fmt::print("  next:");
      for (std::size_t i = 0; i < std::min<std::size_t>(3, result.top_ids.size()); ++i) {
        fmt::print(" {} ({:.3f})", to_text(m.words().bytes(result.top_ids[i])),
                   result.top_logits[i]);
      }
      fmt::print("\n  goes on: {}\n", to_text(greedy_text));
    }
    bar.advance();
  }
}

void run(score_options const& options) {
  with_engine(options, options, [&](auto const& on) { run_on(on, options); });
}

}  // namespace

void add_score(CLI::App& tool) {
  auto const options = std::make_shared<score_options>();
  auto& command = *tool.add_subcommand("score", "Log-probability and continuation of prompts");
  command.add_option("model", options->model, "GGUF file or Hugging Face folder")
      ->required()
      ->type_name("MODEL");
  command.add_option("--prompts", options->prompts, "JSON file of prompts")
      ->required()
      ->type_name("FILE");
  add_expert(command, options->expert, "Score under this expert instead of the base");
  add_expert_options(command, *options);
  add_device(command, *options);
  add_common(
      command, *options,
      "The file holds {\"prompts\": [{\"text\": \"...\"}, ...]}. With --json every prompt gives\n"
      "one line: ids; sum_logprob, the sum over t > 0 of log p(ids[t] | ids[<t]) in nats;\n"
      "last_top10_ids and last_top10_logits, the ten largest logits after the last token;\n"
      "last_logits_l2, the norm of all of them; greedy16, the 16 most probable next tokens.",
      "  svfmath score model.gguf --prompts prompts.json --json");
  command.callback([options] { run(*options); });
}

}  // namespace cli
