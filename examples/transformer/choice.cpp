// SPDX-License-Identifier: Apache-2.0
#include "choice.hpp"

#include <algorithm>
#include <cmath>
#include <fstream>

#include "json_fields.hpp"
#include "unicode.hpp"

namespace llama {

namespace {

constexpr std::size_t longest_line = std::size_t{16} << 20;
constexpr std::size_t most_options = 1024;

// What came, for messages.
std::string description_of(nlohmann::json const* value) {
  if (value == nullptr) return "nothing";
  if (value->is_string() && value->get_ref<std::string const&>().empty()) return "an empty string";
  if (value->is_array()) return "an array of " + std::to_string(value->size());
  if (value->is_number()) return "the number " + value->dump();
  return value->type_name();
}

choice_question read_question(std::string const& line, std::string const& where) {
  auto const object = parse_json(line, where);
  json_fields const fields(object, where);
  auto const require = [&](bool holds, char const* what, nlohmann::json const* came) {
    svf::expects(holds, svf::error_kind::format, where, ": expected ", what, ", got ",
                 holds ? "" : description_of(came));
  };
  auto const is_text = [](nlohmann::json const* value) {
    return value != nullptr && value->is_string() && !value->get_ref<std::string const&>().empty();
  };
  auto const* const prompt = fields.find("prompt");
  auto const* const options = fields.find("options");
  auto const* const answer = fields.find("answer");
  require(is_text(prompt), "a string 'prompt' that is not empty", prompt);
  require(options != nullptr && options->is_array() && options->size() >= 2,
          "an array 'options' of at least two strings", options);
  require(options->size() <= most_options, "an array 'options' of at most 1024 strings", options);
  require(answer != nullptr && answer->is_number_unsigned(), "an index 'answer'", answer);
  choice_question question;
  question.where = where;
  question.prompt = prompt->get<std::string>();
  for (auto const& option : *options) {
    require(is_text(&option), "strings in 'options' that are not empty", &option);
    question.options.push_back(option.get<std::string>());
  }
  auto const index = answer->get<std::uint64_t>();
  svf::expects(index < question.options.size(), svf::error_kind::format, where,
               ": expected an 'answer' below ", question.options.size(), ", got ", index);
  question.answer = std::size_t(index);
  return question;
}

// The next line without its end, cut after `longest_line` + 1 bytes. False where there is none.
bool read_line(std::istream& in, std::string& line) {
  line.clear();
  char c = 0;
  while (line.size() <= longest_line && in.get(c) && c != '\n') {
    line += c;
  }
  return !line.empty() || in.good();
}

}  // namespace

std::string prefix_of(std::string const& where) { return where.empty() ? "" : where + ": "; }

encoding_limits limits_for(config const& c) {
  encoding_limits limits;
  limits.context = std::size_t(c.context);
  return limits;
}

std::vector<choice_question> read_choice_file(std::filesystem::path const& path) {
  std::ifstream file(path);
  svf::expects(file.is_open() && !std::filesystem::is_directory(path), svf::error_kind::format,
               "cannot read the task file '", path.string(), "'");
  std::vector<choice_question> questions;
  std::string line;
  for (std::size_t number = 1; read_line(file, line); ++number) {
    std::string const where = "'" + path.string() + "' line " + std::to_string(number);
    svf::expects(line.size() <= longest_line, svf::error_kind::format, where,
                 ": expected a line of at most ", longest_line, " bytes, got a longer one");
    if (line.find_first_not_of(" \t\r") != std::string::npos) {
      questions.push_back(read_question(line, where));
    }
  }
  svf::expects(!file.bad() && !questions.empty(), svf::error_kind::format,
               "the task file '", path.string(), "' holds no question");
  return questions;
}

encoded_question encode(tokenizer const& words, choice_question const& question,
                        encoding_limits limits) {
  std::size_t const first = words.add_bos() ? 1 : 0;
  svf::expects(limits.context >= first + 2 && limits.prompt_tokens > first &&
                   limits.option_tokens >= 1,
               svf::error_kind::shape, "encode: expected limits of at least one token, got ",
               limits.prompt_tokens, " of a prompt, ", limits.option_tokens, " of an option and ",
               limits.context, " in all");
  encoded_question result;
  result.answer = question.answer;
  result.where = question.where;
  std::size_t longest = 0;
  for (std::string const& option : question.options) {
    result.options.push_back(words.encode(option));
    auto& ids = result.options.back();
    ids.resize(std::min({ids.size(), limits.option_tokens, limits.context - first - 1}));
    svf::expects(!ids.empty(), svf::error_kind::format, prefix_of(question.where), "an option ",
                 "has no tokens: ", in_quotes(option), " of ", in_quotes(question.prompt));
    longest = std::max(longest, ids.size());
  }
  result.prompt = words.encode_start(question.prompt);
  svf::expects(result.prompt.size() > first, svf::error_kind::format, prefix_of(question.where),
               "a question's prompt has no tokens: ", in_quotes(question.prompt));
  std::size_t const most = std::min(limits.prompt_tokens, limits.context - longest);
  if (result.prompt.size() > most) {
    auto const begin = result.prompt.begin() + std::ptrdiff_t(first);
    result.prompt.erase(begin, begin + std::ptrdiff_t(result.prompt.size() - most));
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
