// SPDX-License-Identifier: Apache-2.0
#include <svfmath/adapt/two_pass.hpp>

#include <algorithm>
#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include <doctest/doctest.h>
#include <adapt/toy_model.hpp>
#include <support/close.hpp>

namespace {

struct without_set_z {
  using prompt_type = int;
  using answer_type = int;
  using example_type = int;
  std::vector<std::vector<float>> label_scores(std::span<int const>,
                                               std::span<std::string const>) {
    return {};
  }
  std::vector<int> answer(std::span<int const>) { return {}; }
  svf::fitness evaluate(std::span<float const>, std::span<int const>) { return {}; }
};
struct without_labels : without_set_z {
  void set_z(std::span<float const>) {}
  std::vector<std::vector<float>> label_scores(std::span<int const>) { return {}; }
};
struct without_examples {
  using prompt_type = int;
  using answer_type = int;
  void set_z(std::span<float const>) {}
  std::vector<std::vector<float>> label_scores(std::span<int const>,
                                               std::span<std::string const>) {
    return {};
  }
  std::vector<int> answer(std::span<int const>) { return {}; }
};

static_assert(svf::adaptable_model<toy::model>);
static_assert(!svf::adaptable_model<without_set_z>);
static_assert(!svf::adaptable_model<without_labels> && svf::searchable_model<without_labels>);
static_assert(svf::dispatchable_model<without_examples> && !svf::adaptable_model<without_examples>);

// All topics mixed, 40 questions each of the first three.
std::vector<toy::question> mixed_questions() {
  std::vector<toy::question> all;
  for (std::size_t i = 0; i < 40; ++i) {
    for (std::size_t topic = 0; topic < 3; ++topic) {
      all.push_back({topic, i});
    }
  }
  return all;
}

std::ptrdiff_t right(std::vector<bool> const& answers) {
  return std::count(answers.begin(), answers.end(), true);
}

std::vector<bool> under_base(std::vector<toy::question> const& prompts) {
  toy::model model;
  model.set_z(std::vector<float>(7, 1.0f));
  return model.answer(prompts);
}

}  // namespace

TEST_CASE("two_pass: A labels under the base, answers under the label's expert, in order") {
  auto const bank = toy::topic_bank();
  auto const labels = svf::label_set::for_experts(bank.names());
  auto const prompts = mixed_questions();
  toy::model model;
  model.set_z(std::vector<float>(7, 9.0f));  // left over from earlier work; must not matter
  model.switches = 0;
  auto const result = svf::adapt_by_prompt(model, bank, labels, prompts);
  REQUIRE(result.answers.size() == prompts.size());
  REQUIRE(result.labels.size() == prompts.size());
  toy::model checker;
  for (std::size_t i = 0; i < prompts.size(); ++i) {
    std::size_t const label = (prompts[i].topic + (prompts[i].number % 3 == 0 ? 1 : 0)) % 4;
    REQUIRE(result.labels[i].label == label);
    REQUIRE(result.labels[i].expert == (label == 3 ? svf::base_expert : svf::index_t(label)));
    checker.set_z(svf::z_of(bank, result.labels[i].expert));
    REQUIRE(result.answers[i] == checker.answer(prompts[i]));
  }
  CHECK(result.first.prompts == 120);
  CHECK(result.second.prompts == 120);
  CHECK(result.first.switches == 1);
  CHECK(result.second.switches == 4);  // base and three experts
  CHECK(model.switches == 5);
  CHECK(result.first.seconds > 0.0);
  CHECK(result.second.seconds > 0.0);
}

TEST_CASE("two_pass: base <= A <= B on the topics, and single prompts agree with many") {
  auto const bank = toy::topic_bank();
  auto const labels = svf::label_set::for_experts(bank.names());
  auto const prompts = mixed_questions();
  std::vector<float> classifier(7, 1.0f);
  classifier[6] = 2.0f;
  toy::model model;
  auto const a = svf::adapt_by_prompt(model, bank, labels, prompts);
  auto const b = svf::adapt_by_classifier(model, bank, labels, classifier, prompts);
  CHECK(right(under_base(prompts)) < right(a.answers));
  CHECK(right(a.answers) < right(b.answers));
  CHECK(right(b.answers) == 120);
  CHECK(b.second.switches == 3);  // nobody is sent to the base
  for (std::size_t i = 0; i < prompts.size(); i += 7) {
    auto const one = svf::adapt_by_classifier(model, bank, labels, classifier, prompts[i]);
    CHECK(one.answer == b.answers[i]);
    CHECK(one.label.label == b.labels[i].label);
    CHECK(one.z == svf::z_of(bank, b.labels[i].expert));
    auto const by_prompt = svf::adapt_by_prompt(model, bank, labels, prompts[i]);
    CHECK(by_prompt.answer == a.answers[i]);
  }
}

TEST_CASE("two_pass: prompts labelled others are answered by the base, not by what came before") {
  auto const bank = toy::topic_bank();
  svf::label_set const labels({{"none", svf::base_expert}, {"nothing", svf::base_expert}});
  auto const prompts = toy::questions(0, 20);
  toy::model model;
  model.set_z(bank.row(0));
  CHECK(svf::adapt_by_prompt(model, bank, labels, prompts).answers == under_base(prompts));
}

TEST_CASE("two_pass: C finds a mixture for a topic no expert was trained for") {
  auto const bank = toy::topic_bank();
  auto const examples = toy::questions(3, 10);
  auto const prompts = toy::questions(3, 60, 100);
  toy::model model;
  auto const c = svf::adapt_by_search(model, bank, examples, {}, prompts);
  CHECK(c.found.improved_over_best_single);
  CHECK(right(c.answers) > right(under_base(prompts)));
  CHECK(test::close(c.found.weights(0, 0), 0.5, 0.05));
  CHECK(test::close(c.found.weights(1, 0), 0.5, 0.05));
  CHECK(c.first.evaluations == c.found.search.evals);
  CHECK(c.first.seconds > 0.0);
  CHECK(c.second.seconds > 0.0);
  CHECK(c.second.switches == 1);
  CHECK(c.second.prompts == 60);
  for (svf::index_t k = 0; k < 3; ++k) {  // worth at least every expert and the base
    CHECK(c.found.value >= c.found.experts[std::size_t(k)]);
  }
  auto const one = svf::adapt_by_search(model, bank, examples, {}, prompts[3]);
  CHECK(one.answer == c.answers[3]);
  CHECK(one.found.z == c.found.z);
}

TEST_CASE("two_pass: no prompts cost nothing, wrong input is refused") {
  auto const bank = toy::topic_bank();
  auto const labels = svf::label_set::for_experts(bank.names());
  toy::model model;
  std::vector<toy::question> const none;
  auto const empty = svf::adapt_by_prompt(model, bank, labels, none);
  CHECK(empty.answers.empty());
  CHECK(model.switches == 0);
  auto const prompts = toy::questions(0, 2);
  std::vector<float> const short_z(3, 1.0f);
  CHECK_THROWS_AS(svf::adapt_by_classifier(model, bank, labels, short_z, prompts), svf::error);
  svf::label_set const far({{"far", 3}});
  CHECK_THROWS_AS(svf::adapt_by_prompt(model, bank, far, prompts), svf::error);
  CHECK_THROWS_AS(svf::adapt_by_search(model, bank, none, {}, prompts), svf::error);
  svf::pass_cost cost;
  std::vector<svf::index_t> const chosen{0, 5};
  CHECK_THROWS_AS(svf::answer_grouped(model, bank, chosen, prompts, cost), svf::error);
  CHECK_THROWS_AS(svf::answer_grouped(model, bank, std::vector<svf::index_t>{0}, prompts, cost),
                  svf::error);
}

TEST_CASE("two_pass: a model that does not serve every prompt is refused") {
  auto const bank = toy::topic_bank();
  auto const labels = svf::label_set::for_experts(bank.names());
  without_examples silent;  // gives neither scores nor answers
  svf::pass_cost cost;
  std::vector<int> const asked{1, 2, 3};
  std::vector<float> const z(7, 1.0f);
  CHECK_THROWS_WITH_AS(
      svf::classify_all(silent, z, labels, std::span<int const>(asked), cost),
      "classify: expected label scores of 3 prompts, got 0", svf::error);
  std::vector<svf::index_t> const chosen{0, 0, 0};
  CHECK_THROWS_WITH_AS(
      svf::answer_grouped(silent, bank, chosen, std::span<int const>(asked), cost),
      "two_pass: expected answers to 3 prompts, got 0", svf::error);
}
