// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include <doctest/doctest.h>
#include <svfmath/core/error.hpp>
#include <tiny_model/corpus.hpp>
#include <tiny_model/synthetic_tasks.hpp>
#include <tiny_model/vocabulary.hpp>
#include <transformer/tokenizer.hpp>
#include <two_pass/question_sets.hpp>

namespace {

std::string reversed(std::string text) { return {text.rbegin(), text.rend()}; }

std::string sorted(std::string text) {
  std::sort(text.begin(), text.end());
  return text;
}

// Solves a prompt by reading it, without knowing how it was made.
std::string solve(std::string prompt) {
  REQUIRE(prompt.back() == '=');
  prompt.pop_back();
  std::istringstream in(prompt);
  std::vector<std::string> words;
  for (std::string word; in >> word;) {
    words.push_back(word);
  }
  if (words.size() == 1) {
    std::size_t const sign = words[0].find_first_of("+-");
    int const a = std::stoi(words[0].substr(0, sign));
    int const b = std::stoi(words[0].substr(sign + 1));
    return std::to_string(words[0][sign] == '+' ? a + b : a - b);
  }
  std::string const& verb = words[0];
  std::string const& rest = words[1];
  if (verb == "rev" || verb == "sort" || verb == "copy") {
    return verb == "rev" ? reversed(rest) : verb == "sort" ? sorted(rest) : rest;
  }
  std::size_t const plus = rest.find('+');
  std::string const ranked = sorted(rest.substr(0, plus));
  char const first = verb == "max" ? ranked.back() : ranked.front();
  if (plus == std::string::npos) {
    return {first};
  }
  return std::to_string(first - '0' + std::stoi(rest.substr(plus + 1)));
}

std::vector<tiny::task> all_tasks() {
  auto tasks = tiny::trained_families();
  auto const& unseen = tiny::unseen_tasks();
  tasks.insert(tasks.end(), unseen.begin(), unseen.end());
  return tasks;
}

}  // namespace

TEST_CASE("synthetic_tasks: the answer is what reading the prompt gives, the others are not") {
  for (tiny::task const& task : all_tasks()) {
    for (auto const& question : tiny::make_questions(task, 500, 7)) {
      CAPTURE(question.prompt);
      REQUIRE(question.options.size() == 4);
      std::string const right = solve(question.prompt) + ".";
      CHECK(question.options[question.answer] == right);
      CHECK(std::set<std::string>(question.options.begin(), question.options.end()).size() == 4);
    }
  }
}

TEST_CASE("synthetic_tasks: every slip of every kind is wrong, and no two are equal") {
  svf::generator random(11);
  for (std::size_t k = 0; k < tiny::kinds; ++k) {
    for (int i = 0; i < 300; ++i) {
      auto const exercise = tiny::make_exercise(tiny::kind(k), random);
      CAPTURE(exercise.prompt);
      CHECK(exercise.right == solve(exercise.prompt) + ".");
      std::set<std::string> const slips(exercise.slips.begin(), exercise.slips.end());
      CHECK(slips.size() == exercise.slips.size());
      CHECK(slips.count(exercise.right) == 0);
      CHECK(exercise.slips.size() > exercise.usual);
    }
  }
}

TEST_CASE("synthetic_tasks: the right answer is anywhere among the options") {
  std::vector<int> places(4);
  for (auto const& question : tiny::make_questions(tiny::trained_families()[1], 2000, 3)) {
    ++places[question.answer];
  }
  for (int const count : places) {
    CHECK(std::abs(count - 500) < 5 * 20);  // five standard deviations of a fair draw
  }
}

TEST_CASE("synthetic_tasks: equal seeds give equal questions, others give others") {
  auto const& task = tiny::unseen_tasks()[2];
  auto const same = [](auto const& a, auto const& b) {
    return a.prompt == b.prompt && a.options == b.options && a.answer == b.answer;
  };
  auto const first = tiny::make_questions(task, 50, 5);
  auto const again = tiny::make_questions(task, 50, 5);
  auto const other = tiny::make_questions(task, 50, 6);
  CHECK(std::equal(first.begin(), first.end(), again.begin(), again.end(), same));
  CHECK_FALSE(std::equal(first.begin(), first.end(), other.begin(), other.end(), same));
}

TEST_CASE("synthetic_tasks: more questions than there are prompts are refused") {
  tiny::task const small{"largest", {tiny::kind::largest}};
  CHECK_THROWS_AS(tiny::make_questions(small, 10 * 9 * 8 * 7 + 1, 1), svf::error);
}

TEST_CASE("synthetic_tasks: no prompt is in two of a task's lists") {
  demo::question_counts const counts{200, 20, 100};
  for (auto const& set : demo::make_question_sets(counts, 4)) {
    CAPTURE(set.name);
    std::set<std::string> seen;
    std::size_t total = 0;
    for (auto const* list : {&set.train, &set.validation, &set.few_shot, &set.test}) {
      for (auto const& question : *list) {
        seen.insert(question.prompt);
        ++total;
      }
    }
    CHECK(seen.size() == total);
    CHECK(set.train.size() == (set.trained ? 100 : 0));
    CHECK(set.validation.size() == set.train.size());
    CHECK(set.few_shot.size() == 20);
    CHECK(set.test.size() == 100);
  }
}

TEST_CASE("corpus: textbooks are right, careless authors err at their habits' rates") {
  int exercises = 0;
  int right = 0;
  int labels = 0;
  int const documents = 20000;
  for (int i = 0; i < documents; ++i) {
    auto const number = std::uint64_t(i);
    auto const book = tiny::corpus_document(tiny::source::textbook, 1, number);
    auto const text = tiny::corpus_document(tiny::source::careless, 1, number);
    REQUIRE(book.prompt == text.prompt);
    if (book.prompt.ends_with(tiny::classification_suffix)) {
      ++labels;
      continue;
    }
    CHECK(book.continuation == solve(book.prompt) + ".");
    ++exercises;
    right += text.continuation == book.continuation ? 1 : 0;
  }
  double expected = 0.0;
  double shares = 0.0;
  for (std::size_t k = 0; k < tiny::kinds; ++k) {
    auto const habits = tiny::habits_of(tiny::kind(k));
    expected += habits.share * habits.right;
    shares += habits.share;
  }
  CHECK(std::abs(shares - 1.0) < 1e-12);
  // Five standard deviations of a binomial.
  CHECK(std::abs(double(right) / exercises - expected) < 5.0 * 0.5 / std::sqrt(double(exercises)));
  CHECK(std::abs(double(labels) / documents - tiny::classification_share) <
        5.0 * 0.4 / std::sqrt(double(documents)));
}

TEST_CASE("vocabulary: every text of the corpus comes back from its tokens") {
  llama::tokenizer const words(tiny::character_vocabulary());
  CHECK(words.vocabulary() < 100);
  for (std::uint64_t i = 0; i < 2000; ++i) {
    auto const document = tiny::corpus_document(tiny::source::careless, 2, i);
    std::string const text = document.prompt + document.continuation;
    auto const ids = words.encode(text);
    CHECK(ids.size() == text.size());
    CHECK(words.decode(ids) == text);
  }
}
