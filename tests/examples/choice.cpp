// SPDX-License-Identifier: Apache-2.0
#include <transformer/choice.hpp>

#include <cmath>
#include <fstream>
#include <string>

#include <doctest/doctest.h>

#include <support/close.hpp>
#include <support/temp_directory.hpp>

#include "small_model.hpp"

namespace {

std::filesystem::path write(test::temp_directory const& folder, std::string const& text) {
  auto const path = folder.path() / "task.jsonl";
  std::ofstream(path) << text;
  return path;
}

std::string message_of(std::filesystem::path const& path) {
  try {
    llama::read_choice_file(path);
  } catch (svf::error const& problem) {
    CHECK(problem.kind() == svf::error_kind::format);
    return problem.what();
  }
  return "";
}

// Questions of token ids, as `encode` would give them.
std::vector<llama::encoded_question> some_questions() {
  return {{{3, 1, 4}, {{5}, {9, 2}, {6, 5, 3}}, 1},
          {{2, 7}, {{1, 8}, {2}}, 0},
          {{16, 0, 2, 11, 5}, {{4, 4}, {4, 5}, {5, 4}, {9}}, 3}};
}

// log p(option | prompt) with every option as a sequence of its own.
double one_by_one(llama::cpu_policy& exec, llama::model const& m,
                  std::vector<llama::token> const& prompt,
                  std::vector<llama::token> const& option) {
  auto ids = prompt;
  ids.insert(ids.end(), option.begin(), option.end());
  llama::token_batch batch;
  batch.add_sequence(ids);
  llama::predictions wanted;
  for (std::size_t i = 0; i < option.size(); ++i) {
    wanted.add(llama::index_t(prompt.size() + i) - 1, option[i], 0);
  }
  std::vector<double> sum(1);
  wanted.log_probabilities(exec, m, m.forward(exec, batch).view(), sum);
  return sum[0];
}

}  // namespace

TEST_CASE("choice: a task file is read line by line") {
  test::temp_directory const folder;
  auto const path = write(
      folder, "{\"prompt\": \"1+1=\", \"options\": [\"2\", \"3\"], \"answer\": 0}\n\n"
              "{\"prompt\": \"a\", \"options\": [\"b\", \"c\", \"d\"], \"answer\": 2, \"id\": 7}");
  auto const questions = llama::read_choice_file(path);
  REQUIRE(questions.size() == 2);
  CHECK(questions[0].prompt == "1+1=");
  CHECK(questions[1].options == std::vector<std::string>{"b", "c", "d"});
  CHECK(questions[1].answer == 2);
}

TEST_CASE("choice: wrong task files are refused with file and line") {
  test::temp_directory const folder;
  std::string const good = "{\"prompt\": \"p\", \"options\": [\"a\", \"b\"], \"answer\": 1}\n";
  std::pair<char const*, char const*> const cases[]{
      {"{\"prompt\": \"p\"", "expected a JSON object"},
      {"[1, 2]", "expected a JSON object"},
      {"{\"options\": [\"a\", \"b\"], \"answer\": 1}", "expected a string 'prompt'"},
      {"{\"prompt\": 3, \"options\": [\"a\", \"b\"], \"answer\": 1}", "expected a string 'prompt'"},
      {"{\"prompt\": \"\", \"options\": [\"a\", \"b\"], \"answer\": 1}", "that is not empty"},
      {"{\"prompt\": \"p\", \"options\": [\"a\", \"\"], \"answer\": 1}", "that are not empty"},
      {"{\"prompt\": \"p\", \"options\": [\"a\"], \"answer\": 0}", "at least two strings"},
      {"{\"prompt\": \"p\", \"options\": [\"a\", 2], \"answer\": 0}", "strings in 'options'"},
      {"{\"prompt\": \"p\", \"options\": [\"a\", \"b\"]}", "expected an index 'answer'"},
      {"{\"prompt\": \"p\", \"options\": [\"a\", \"b\"], \"answer\": -1}", "expected an index"},
      {"{\"prompt\": \"p\", \"options\": [\"a\", \"b\"], \"answer\": 2}", "'answer' below 2, got 2"},
  };
  for (auto const& [line, expected] : cases) {
    CAPTURE(line);
    auto const message = message_of(write(folder, good + line));
    CHECK(message.find(expected) != std::string::npos);
    CHECK(message.find("line 2") != std::string::npos);
    CHECK(message.find("task.jsonl") != std::string::npos);
  }
  CHECK(message_of(write(folder, "\n")).find("holds no question") != std::string::npos);
  CHECK(message_of(folder.path() / "missing").find("cannot read") != std::string::npos);
  CHECK(message_of(folder.path()).find("cannot read") != std::string::npos);
}

TEST_CASE("choice: packed scores equal every option scored by itself, for any batch size") {
  auto const m = test::small_model(test::small_config(false, true), 3);
  llama::cpu_policy exec(2);
  auto const questions = some_questions();
  for (llama::index_t rows : {1, 9, 1000}) {
    auto const scores =
        llama::option_scores(exec, m, std::span<llama::encoded_question const>(questions), rows);
    REQUIRE(scores.questions() == 3);
    for (std::size_t q = 0; q < 3; ++q) {
      REQUIRE(scores.actions(q) == questions[q].options.size());
      for (std::size_t o = 0; o < questions[q].options.size(); ++o) {
        // Log-probabilities of size 10 through 2 layers in float: 100 ulp.
        CHECK(test::close(double(scores.row(q)[o]),
                          one_by_one(exec, m, questions[q].prompt, questions[q].options[o]),
                          1e-4));
      }
    }
  }
}

TEST_CASE("choice: the summary counts right answers, the first of equal options") {
  svf::action_table<float> scores;
  scores.push_row(std::vector<float>{-1.0f, -1.0f, -5.0f});
  scores.push_row(std::vector<float>{-3.0f, -1.0f});
  scores.push_row(std::vector<float>{0.0f, -2.0f, -2.0f, -2.0f});
  auto const questions = some_questions();  // answers 1, 0, 3: all wrong here
  CHECK(llama::summarise(scores, questions).right == 0);
  auto right = questions;
  right[0].answer = 0;
  right[1].answer = 1;
  auto const result = llama::summarise(scores, right);
  CHECK(result.right == 2);
  CHECK(test::close(result.accuracy(), 2.0 / 3.0, 1e-15));
  double const expected =
      (-std::log(2.0 + std::exp(-4.0)) - std::log(1.0 + std::exp(-2.0)) - 2.0 -
       std::log(1.0 + 3.0 * std::exp(-2.0))) / 3.0;
  CHECK(test::close(result.mean_log_probability, expected, 1e-12));
}
