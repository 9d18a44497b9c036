// SPDX-License-Identifier: Apache-2.0
#include "choice.hpp"

#include <algorithm>
#include <cmath>
#include <fstream>

#include <nlohmann/json.hpp>

namespace llama {

namespace {

std::vector<encoded_question const*> pointers(std::span<encoded_question const> questions) {
  std::vector<encoded_question const*> result;
  for (auto const& question : questions) {
    result.push_back(&question);
  }
  return result;
}

choice_question read_question(std::string const& line, std::string const& where) {
  auto const refuse = [&](char const* what) {
    svf::fail(svf::error_kind::format, where, ": expected ", what);
  };
  auto const object = nlohmann::json::parse(line, nullptr, false);
  if (!object.is_object()) refuse("a JSON object");
  auto const prompt = object.find("prompt");
  auto const options = object.find("options");
  auto const answer = object.find("answer");
  if (prompt == object.end() || !prompt->is_string() || prompt->get<std::string>().empty()) {
    refuse("a string 'prompt' that is not empty");
  }
  if (options == object.end() || !options->is_array() || options->size() < 2) {
    refuse("an array 'options' of at least two strings");
  }
  if (answer == object.end() || !answer->is_number_unsigned()) {
    refuse("an index 'answer'");
  }
  choice_question question;
  question.prompt = prompt->get<std::string>();
  for (auto const& option : *options) {
    if (!option.is_string() || option.get<std::string>().empty()) {
      refuse("strings in 'options' that are not empty");
    }
    question.options.push_back(option.get<std::string>());
  }
  auto const index = answer->get<std::uint64_t>();
  svf::expects(index < question.options.size(), svf::error_kind::format, where,
               ": expected an 'answer' below ", question.options.size(), ", got ", index);
  question.answer = std::size_t(index);
  return question;
}

}  // namespace

std::vector<choice_question> read_choice_file(std::filesystem::path const& path) {
  std::ifstream file(path);
  svf::expects(file.is_open() && !std::filesystem::is_directory(path), svf::error_kind::format,
               "cannot read the task file '", path.string(), "'");
  std::vector<choice_question> questions;
  std::string line;
  for (std::size_t number = 1; std::getline(file, line); ++number) {
    if (line.find_first_not_of(" \t\r") != std::string::npos) {
      questions.push_back(
          read_question(line, "'" + path.string() + "' line " + std::to_string(number)));
    }
  }
  svf::expects(!file.bad() && !questions.empty(), svf::error_kind::format,
               "the task file '", path.string(), "' holds no question");
  return questions;
}

encoded_question encode(tokenizer const& words, choice_question const& question,
                        encoding_limits limits) {
  encoded_question result;
  result.answer = question.answer;
  result.prompt = words.encode(question.prompt);
  if (result.prompt.size() > limits.prompt_tokens) {
    result.prompt.erase(result.prompt.begin(),
                        result.prompt.end() - std::ptrdiff_t(limits.prompt_tokens));
  }
  svf::expects(!result.prompt.empty(), svf::error_kind::format,
               "a question's prompt has no tokens: '", question.prompt, "'");
  for (std::string const& option : question.options) {
    result.options.push_back(words.encode(option));
    auto& ids = result.options.back();
    ids.resize(std::min(ids.size(), limits.option_tokens));
    svf::expects(!ids.empty(), svf::error_kind::format, "an option has no tokens: '", option,
                 "' of '", question.prompt, "'");
  }
  return result;
}

std::vector<encoded_question> encode(tokenizer const& words,
                                     std::span<choice_question const> questions,
                                     encoding_limits limits) {
  std::vector<encoded_question> result;
  result.reserve(questions.size());
  for (auto const& question : questions) {
    result.push_back(encode(words, question, limits));
  }
  return result;
}

void choice_batch::add(encoded_question const& question) {
  index_t const last = tokens_.rows() + index_t(question.prompt.size()) - 1;
  tokens_.add_sequence(question.prompt);
  std::size_t const first_slot = offsets_.back();
  for (std::size_t o = 0; o < question.options.size(); ++o) {
    wanted_.add(last, question.options[o].front(), first_slot + o);
  }
  for (std::size_t o = 0; o < question.options.size(); ++o) {
    std::span<token const> const ids = question.options[o];
    if (ids.size() > 1) {
      row_range const rows = tokens_.add_branch(ids.first(ids.size() - 1));
      for (std::size_t i = 1; i < ids.size(); ++i) {
        wanted_.add(rows.first + index_t(i) - 1, ids[i], first_slot + o);
      }
    }
  }
  offsets_.push_back(first_slot + question.options.size());
}

index_t choice_batch::rows_of(encoded_question const& question) {
  index_t rows = index_t(question.prompt.size());
  for (auto const& option : question.options) {
    rows += index_t(option.size()) - 1;
  }
  return rows;
}

std::vector<choice_batch> pack(std::span<encoded_question const* const> questions, index_t rows) {
  std::vector<choice_batch> result;
  for (encoded_question const* question : questions) {
    if (result.empty() ||
        result.back().tokens().rows() + choice_batch::rows_of(*question) > rows) {
      result.emplace_back();
    }
    result.back().add(*question);
  }
  return result;
}

svf::action_table<float> option_scores(cpu_policy& exec, model const& m,
                                       std::span<encoded_question const* const> questions,
                                       index_t rows_at_a_time) {
  svf::action_table<float> table;
  table.offsets = {0};
  for (choice_batch const& batch : pack(questions, rows_at_a_time)) {
    auto const hidden = m.forward(exec, batch.tokens());
    std::vector<double> sums(batch.options());
    batch.wanted().log_probabilities(exec, m, hidden.view(), sums);
    std::size_t const before = table.values.size();
    for (double sum : sums) {
      table.values.push_back(float(sum));
    }
    for (std::size_t q = 1; q <= batch.questions(); ++q) {
      table.offsets.push_back(before + batch.offsets()[q]);
    }
  }
  return table;
}

svf::action_table<float> option_scores(cpu_policy& exec, model const& m,
                                       std::span<encoded_question const> questions,
                                       index_t rows_at_a_time) {
  return option_scores(exec, m, pointers(questions), rows_at_a_time);
}

choice_result summarise(svf::action_table<float> const& scores,
                        std::span<encoded_question const> questions) {
  svf::expects(scores.questions() == questions.size(), svf::error_kind::shape,
               "summarise: expected scores of ", questions.size(), " questions, got ",
               scores.questions());
  choice_result result;
  result.questions = questions.size();
  double total = 0.0;
  for (std::size_t q = 0; q < questions.size(); ++q) {
    auto const row = scores.row(q);
    auto const best = std::max_element(row.begin(), row.end());
    result.right += std::size_t(best - row.begin()) == questions[q].answer ? 1u : 0u;
    double sum = 0.0;
    for (float score : row) {
      sum += std::exp(double(score) - double(*best));
    }
    total += double(row[questions[q].answer]) - double(*best) - std::log(sum);
  }
  result.mean_log_probability = questions.empty() ? 0.0 : total / double(questions.size());
  return result;
}

}  // namespace llama
