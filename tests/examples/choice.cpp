// SPDX-License-Identifier: Apache-2.0
#include <transformer/choice.hpp>
#include <transformer/option_scores.hpp>

#include <algorithm>
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
  log_probabilities(exec, m, wanted, m.forward(exec, batch).view(), sum);
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
  CHECK(questions[1].where == "'" + path.string() + "' line 3");
}

TEST_CASE("choice: lines and options are bounded") {
  test::temp_directory const folder;
  std::string const start = "{\"prompt\": \"p\", \"answer\": 0, \"options\": [\"a\"";
  auto const with_options = [&](int count) {
    std::string text = start;
    for (int i = 1; i < count; ++i) {
      text += ", \"b\"";
    }
    return text + "]}";
  };
  CHECK(llama::read_choice_file(write(folder, with_options(1024)))[0].options.size() == 1024);
  auto const many = message_of(write(folder, with_options(1025)));
  CHECK(many.find("line 1: expected an array 'options' of at most 1024") != std::string::npos);
  CHECK(many.find("got an array of 1025") != std::string::npos);

  std::string const line = start + ", \"b\"]}";
  std::string const longest(std::size_t{16} << 20, ' ');
  auto const fits = longest.substr(line.size()) + line + "\n" + line;
  CHECK(llama::read_choice_file(write(folder, fits)).size() == 2);
  auto const longer = message_of(write(folder, line + "\n " + fits));
  CHECK(longer.find("line 2: expected a line of at most 16777216 bytes") != std::string::npos);
}

TEST_CASE("choice: what cannot be encoded is named by its file and line") {
  test::temp_directory const folder;
  llama::tokenizer_data data;
  data.model = "gpt2";
  data.tokens = {"a", "b", "c", "<s>"};
  data.kinds.assign(4, llama::token_kind::normal);
  data.kinds[3] = llama::token_kind::control;
  auto const message = [&](llama::tokenizer_data const& from, std::string const& line) {
    auto const questions = llama::read_choice_file(write(folder, "\n" + line));
    try {
      llama::encode(llama::tokenizer(from), questions);
    } catch (svf::error const& problem) {
      return std::string(problem.what());
    }
    return std::string();
  };
  std::string const prompt = "{\"prompt\": \"zz\", \"options\": [\"a\", \"b\"], \"answer\": 0}";
  std::string const option = "{\"prompt\": \"ab\", \"options\": [\"a\", \"zz\"], \"answer\": 0}";
  CHECK(message(data, prompt).find("task.jsonl' line 2: a question's prompt has no tokens: 'zz'") !=
        std::string::npos);
  CHECK(message(data, option).find("task.jsonl' line 2: an option has no tokens: 'zz' of 'ab'") !=
        std::string::npos);
  data.bos = 3;
  data.add_bos = true;
  CHECK(message(data, prompt).find("prompt has no tokens") != std::string::npos);
}

TEST_CASE("choice: prompt and option fit the limits and the context, and bos stays") {
  llama::tokenizer_data data;
  data.model = "gpt2";
  data.tokens = {"a", "b", "c", "<s>"};
  data.kinds.assign(4, llama::token_kind::normal);
  data.kinds[3] = llama::token_kind::control;
  llama::choice_question const question{"aaaabbbbc", {"aaa", "bbbbb"}, 0};
  auto const encoded = [&](llama::encoding_limits limits) {
    return llama::encode(llama::tokenizer(data), question, limits);
  };
  using ids = std::vector<llama::token>;
  CHECK(encoded({}).prompt == ids{0, 0, 0, 0, 1, 1, 1, 1, 2});
  CHECK(encoded({3, 2}).prompt == ids{1, 1, 2});
  CHECK(encoded({3, 2}).options == std::vector<ids>{{0, 0}, {1, 1}});
  CHECK(encoded({160, 60, 9}).prompt == ids{1, 1, 1, 2});  // beside the longer option's 5
  CHECK(encoded({160, 60, 4}).prompt == ids{2});
  CHECK(encoded({160, 60, 4}).options == std::vector<ids>{{0, 0, 0}, {1, 1, 1}});
  CHECK_THROWS_AS(encoded({160, 60, 1}), svf::error);
  CHECK_THROWS_AS(encoded({0, 60}), svf::error);
  data.bos = 3;
  data.add_bos = true;
  CHECK(encoded({}).prompt == ids{3, 0, 0, 0, 0, 1, 1, 1, 1, 2});
  CHECK(encoded({3, 2}).prompt == ids{3, 1, 2});
  CHECK(encoded({160, 60, 7}).prompt == ids{3, 2});
  llama::config c;
  c.context = 128;
  CHECK(llama::limits_for(c).context == 128);
}

TEST_CASE("choice: scores that are not finite are refused by their question") {
  auto broken = test::small_model(test::small_config(false, true), 3);
  for (auto const p : {llama::projection::gate, llama::projection::up}) {
    auto& w = broken.parameters().layers[0][p];
    std::transform(w.data(), w.data() + w.size(), w.data(), [](float x) { return 1e25f * x; });
  }
  auto questions = test::some_questions();
  questions[0].where = "'file' line 7";
  llama::cpu_policy exec(2);
  CHECK_THROWS_WITH_AS(
      llama::option_scores(exec, broken, std::span<llama::encoded_question const>(questions)),
      doctest::Contains("'file' line 7: expected finite log-probabilities"), svf::error);
}

TEST_CASE("choice: wrong task files are refused with file and line") {
  test::temp_directory const folder;
  std::string const good = "{\"prompt\": \"p\", \"options\": [\"a\", \"b\"], \"answer\": 1}\n";
  std::pair<char const*, char const*> const cases[]{
      {"{\"prompt\": \"p\"", "not JSON: [json.exception.parse_error"},
      {"[1, 2]", "expected a JSON object, got array"},
      {"{\"options\": [\"a\", \"b\"], \"answer\": 1}", "expected a string 'prompt'"},
      {"{\"prompt\": 3, \"options\": [\"a\", \"b\"], \"answer\": 1}", "got the number 3"},
      {"{\"prompt\": \"\", \"options\": [\"a\", \"b\"], \"answer\": 1}", "got an empty string"},
      {"{\"prompt\": \"p\", \"options\": [\"a\", \"\"], \"answer\": 1}", "that are not empty"},
      {"{\"prompt\": \"p\", \"options\": [\"a\"], \"answer\": 0}", "got an array of 1"},
      {"{\"prompt\": \"p\", \"options\": [\"a\", 2], \"answer\": 0}", "strings in 'options'"},
      {"{\"prompt\": \"p\", \"options\": [\"a\", \"b\"]}", "an index 'answer', got nothing"},
      {"{\"prompt\": \"p\", \"options\": [\"a\", \"b\"], \"answer\": 1.5}", "got the number 1.5"},
      {"{\"prompt\": \"p\", \"options\": [\"a\", \"b\"], \"answer\": -1}", "expected an index"},
      {"{\"prompt\": \"p\", \"options\": [\"a\", \"b\"], \"answer\": 2}",
       "'answer' below 2, got 2"},
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
  auto const questions = test::some_questions();
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
  auto const questions = test::some_questions();  // answers 1, 0, 3: all wrong here
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
