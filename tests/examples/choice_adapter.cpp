// SPDX-License-Identifier: Apache-2.0
#include <transformer/choice_adapter.hpp>
#include <transformer/option_scores.hpp>

#include <string>
#include <vector>

#include <doctest/doctest.h>

#include <support/close.hpp>

#include "small_model.hpp"

namespace {

// A vocabulary of single letters for the small model's 17 ids.
llama::tokenizer letters() {
  llama::tokenizer_data data;
  data.model = "gpt2";
  for (char letter = 'a'; letter <= 'q'; ++letter) {
    data.tokens.push_back(std::string(1, letter));
    data.kinds.push_back(llama::token_kind::normal);
  }
  return llama::tokenizer(data);
}

struct fixture {
  llama::cpu_policy exec{2};
  llama::checkpoint source =
      test::checkpoint_of(test::small_model(test::small_config(false, true), 12));
  llama::model_sites sites = llama::sites_of(exec, source);
  llama::adapted_model model{exec, source, sites,
                             llama::factor_sites(exec, source, sites, nullptr).factors};
  llama::tokenizer words = letters();
  llama::classification_wording wording{"ab", "cd", "e"};
  llama::choice_adapter adapter{exec, model, words, wording};
};

}  // namespace

TEST_CASE("choice_adapter: labels are asked for in the wording, in the labels' order") {
  fixture f;
  std::vector<std::string> const labels{"fg", "h", "ijk"};
  auto const asked = f.wording.ask("mn", labels, 2);
  CHECK(asked.prompt == "abmncd");
  CHECK(asked.options == std::vector<std::string>{"efg", "eh", "eijk"});
  CHECK(asked.answer == 2);

  std::vector<llama::choice_question> const questions{{"mn", {"a", "b"}, 0}, {"op", {"a"}, 0}};
  auto const scores = f.adapter.label_scores(questions, labels);
  std::vector<llama::choice_question> const wanted{asked, f.wording.ask("op", labels)};
  auto const expected =
      llama::option_scores(f.exec, f.model.base(), llama::encode(f.words, wanted));
  REQUIRE(scores.size() == 2);
  for (std::size_t q = 0; q < 2; ++q) {
    REQUIRE(scores[q].size() == 3);
    CHECK(test::max_difference(scores[q], expected.row(q)) == 0.0);
  }
}

TEST_CASE("choice_adapter: answers and evaluations follow the expert that is set") {
  fixture f;
  std::vector<llama::choice_question> const questions{
      {"abc", {"d", "e", "fg"}, 0}, {"hi", {"jk", "l"}, 1}, {"m", {"n", "o", "p", "q"}, 2}};
  auto const examples = llama::encode(f.words, questions);
  auto const size = std::size_t(f.model.layout().size());
  auto const z = test::uniform_vector<float>(size, 0.2f, 1.8f, 3);
  auto const value = f.adapter.evaluate(z, examples);
  f.adapter.set_z(z);
  auto const answers = f.adapter.answer(questions);
  REQUIRE(answers.size() == 3);
  std::size_t right = 0;
  for (std::size_t q = 0; q < 3; ++q) {
    right += answers[q] == questions[q].answer ? 1u : 0u;
  }
  CHECK(value.primary == double(right) / 3.0);
  CHECK(value.secondary < 0.0);
  auto const base = f.adapter.evaluate(std::vector<float>(size, 1.0f), examples);
  CHECK(base.secondary != value.secondary);
}
