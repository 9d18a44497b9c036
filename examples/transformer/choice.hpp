// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include <svfmath/learn/action_table.hpp>

#include "config.hpp"
#include "predictions.hpp"
#include "token_batch.hpp"
#include "tokenizer.hpp"

namespace llama {

/// A question with a finite list of answers, each of which continues the prompt.
struct choice_question {
  std::string prompt;
  std::vector<std::string> options;
  std::size_t answer = 0;  ///< index of the right option
  std::string where{};     ///< "'FILE' line N" for messages; empty if it came from no file
};

/// "'FILE' line N: " or nothing.
std::string prefix_of(std::string const& where);

/// Reads one JSON object a line: `prompt` (string), `options` (strings), `answer` (index). Throws
/// `svf::error{format}` that names the file and line: missing or unreadable file, no line at all,
/// a line above 16 MiB, malformed JSON, missing or wrong fields, fewer than two options or more
/// than 1024, an answer outside them.
std::vector<choice_question> read_choice_file(std::filesystem::path const& path);

/// A question as the model reads it. Prompt and options are tokenised apart and joined.
struct encoded_question {
  std::vector<token> prompt;
  std::vector<std::vector<token>> options;
  std::size_t answer = 0;
  std::string where{};  ///< as in `choice_question`
};

/// How much of long texts is kept: a prompt's last and an option's first tokens.
struct encoding_limits {
  std::size_t prompt_tokens = 160;
  std::size_t option_tokens = 60;
  std::size_t context = std::size_t(-1);  ///< of prompt and longest option together; at least 2
};

/// The limits for a model: those above, and no more than its context.
encoding_limits limits_for(config const& c);

/// Where the vocabulary asks for `bos` it comes first and counts as part of the prompt; it is never
/// cut. Throws `svf::error{format}` naming the question's file and line if the prompt or an option
/// has no token, `error{shape}` for limits that leave no token of them.
encoded_question encode(tokenizer const& words, choice_question const& question,
                        encoding_limits limits = {});
std::vector<encoded_question> encode(tokenizer const& words,
                                     std::span<choice_question const> questions,
                                     encoding_limits limits = {});

/// Questions packed for one forward pass: every prompt once, its options as branches.
class choice_batch {
 public:
  void add(encoded_question const& question);

  /// Rows that `question` would add: the last token of an option is only predicted.
  static index_t rows_of(encoded_question const& question);

  token_batch const& tokens() const { return tokens_; }
  predictions const& wanted() const { return wanted_; }
  std::size_t questions() const { return offsets_.size() - 1; }
  std::size_t options() const { return offsets_.back(); }
  std::span<std::size_t const> offsets() const { return offsets_; }

 private:
  token_batch tokens_;
  predictions wanted_;
  std::vector<std::size_t> offsets_{0};
};

/// Cuts `questions` into batches of at most `rows` rows (at least one question each).
std::vector<choice_batch> pack(std::span<encoded_question const* const> questions, index_t rows);

/// What an evaluation counts.
struct choice_result {
  std::size_t questions = 0;
  std::size_t right = 0;            ///< the right option has the highest score, the first of equals
  double mean_log_probability = 0;  ///< of the right option under the softmax, in nats

  double accuracy() const { return questions ? double(right) / double(questions) : 0.0; }
};
choice_result summarise(svf::action_table<float> const& scores,
                        std::span<encoded_question const> questions);

}  // namespace llama
