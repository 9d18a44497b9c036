// SPDX-License-Identifier: Apache-2.0
#include "experiment.hpp"

#include <algorithm>
#include <chrono>
#include <span>
#include <utility>

#include <svfmath/expert/bank.hpp>
#include <transformer/adapted_model.hpp>
#include <transformer/choice_adapter.hpp>
#include <transformer/choice_environment.hpp>
#include <transformer/option_scores.hpp>

namespace demo {

namespace {

using questions = std::vector<llama::choice_question>;
using progress_callback = std::function<void(std::string const&)>;

constexpr llama::index_t rows_at_a_time = 4096;

double seconds_of(std::function<void()> const& work) {
  auto const start = std::chrono::steady_clock::now();
  work();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

llama::classification_wording wording() {
  return {.before = "", .after = std::string(tiny::classification_suffix)};
}

// Everything that the stages share.
struct workshop {
  llama::cpu_policy& exec;
  llama::tokenizer const& words;
  llama::adapted_model& model;
  experiment_options const& options;

  std::vector<llama::encoded_question> encode(questions const& asked) const {
    return llama::encode(words, asked);
  }
  score score_of(std::span<float const> z,
                 std::vector<llama::encoded_question> const& asked) const {
    model.set_z(exec, z);
    auto const scores = llama::option_scores(exec, model.current(), asked, rows_at_a_time);
    auto const result = llama::summarise(scores, asked);
    return {result.right, result.questions};
  }
};

trained_expert train_expert(workshop const& shop, std::string const& name, questions const& train,
                            questions const& validation, std::uint64_t seed) {
  auto options = svf::make_options(shop.options.preset, shop.options.steps);
  options.learning_rate.base = shop.options.learning_rate;
  options.batch = shop.options.batch;
  options.validate_every = shop.options.validate_every;
  options.seed = seed;
  llama::choice_environment questions_to_learn(shop.exec, shop.model, shop.encode(train),
                                               rows_at_a_time, 4 * rows_at_a_time);
  auto const held_out = shop.encode(validation);
  svf::trainer trainer(options, std::size_t(shop.model.layout().size()),
                       shop.model.sigma(shop.exec));
  double const seconds = seconds_of([&] {
    trainer.run(questions_to_learn, [&](std::span<float const> z) {
      return shop.score_of(z, held_out).accuracy();
    });
  });
  auto const history = trainer.history();
  return {svf::expert(shop.model.shared_layout(), trainer.best_z(), name),
          {history.begin(), history.end()},
          trainer.state().validations,
          seconds};
}

// The question "of which family is this?" for every question of every trained family.
questions label_questions(std::vector<question_set> const& sets, svf::label_set const& labels,
                          std::vector<llama::choice_question> question_set::* part) {
  questions result;
  for (question_set const& set : sets) {
    for (auto const& question : set.*part) {
      result.push_back(wording().ask(question.prompt, labels.names(), *labels.find(set.name)));
    }
  }
  return result;
}

score count_right(std::vector<std::size_t> const& answers, questions const& asked) {
  score result{0, asked.size()};
  for (std::size_t i = 0; i < asked.size(); ++i) {
    result.right += answers[i] == asked[i].answer ? 1u : 0u;
  }
  return result;
}

// Adds the labels of one task to the matrix and, for a trained family, to the dispatch score.
void count_labels(std::vector<svf::classification> const& found, std::size_t task,
                  question_set const& set, svf::confusion_matrix& matrix, score& dispatch) {
  for (auto const& each : found) {
    matrix.add(task, each.label);
    if (set.trained) {
      ++dispatch.questions;
      dispatch.right += matrix.predictions()[each.label] == set.name ? 1u : 0u;
    }
  }
}

svf::mixture_options search_options(experiment_options const& options, std::uint64_t seed) {
  svf::mixture_options search;
  search.form = svf::mixture_form::weighted_sum;
  search.weights = svf::mixture_weights::free;
  search.search.popsize = options.population;
  search.search.max_iters = options.generations;
  search.search.seed = seed;
  return search;
}

task_result evaluate_task(workshop const& shop, svf::bank const& experts,
                          svf::label_set const& labels, std::span<float const> z_classifier,
                          question_set const& set, std::size_t number, experiment_result& all) {
  task_result row;
  row.name = set.name;
  row.trained = set.trained;
  auto const asked = shop.encode(set.test);
  row.base = shop.score_of(svf::z_of(experts, svf::base_expert), asked);
  for (svf::index_t k = 0; k < experts.size(); ++k) {
    row.experts.push_back(shop.score_of(experts.row(k), asked));
  }
  llama::choice_adapter adapter(shop.exec, shop.model, shop.words, wording());
  std::span<llama::choice_question const> const prompts(set.test);

  auto const a = svf::adapt_by_prompt(adapter, experts, labels, prompts);
  row.a = count_right(a.answers, set.test);
  row.a_first = a.first;
  row.a_second = a.second;
  count_labels(a.labels, number, set, all.a_labels, all.a_dispatch);

  auto const b = svf::adapt_by_classifier(adapter, experts, labels, z_classifier, prompts);
  row.b = count_right(b.answers, set.test);
  row.b_first = b.first;
  row.b_second = b.second;
  count_labels(b.labels, number, set, all.b_labels, all.b_dispatch);

  auto const examples = shop.encode(set.few_shot);
  auto c = svf::adapt_by_search(adapter, experts,
                                std::span<llama::encoded_question const>(examples),
                                search_options(shop.options, shop.options.seed * 1000 + number),
                                prompts);
  row.c = count_right(c.answers, set.test);
  row.c_first = c.first;
  row.c_second = c.second;
  row.found = std::move(c.found);
  return row;
}

std::vector<std::string> names_of(std::vector<question_set> const& sets, bool unseen_too) {
  std::vector<std::string> names;
  for (question_set const& set : sets) {
    if (set.trained || unseen_too) {
      names.push_back(set.name);
    }
  }
  return names;
}

}  // namespace

experiment_options experiment_options::quick() {
  experiment_options options;
  options.counts = {.learning = 512, .few_shot = 24, .test = 300};
  options.steps = 40;
  options.batch = 128;
  options.generations = 6;
  return options;
}

experiment_result run_experiment(llama::cpu_policy& exec, llama::checkpoint const& model,
                                 experiment_options const& options,
                                 progress_callback const& progress) {
  auto const say = [&](std::string const& text) {
    if (progress) {
      progress(text);
    }
  };
  auto const sets = make_question_sets(options.counts, options.seed);
  auto const families = names_of(sets, false);
  auto const labels = svf::label_set::for_experts(families);
  std::vector<std::string> const label_names(labels.names().begin(), labels.names().end());
  svf::confusion_matrix const empty(names_of(sets, true), label_names);

  say("factoring the model");
  auto const sites = llama::sites_of(exec, model);
  llama::factored_sites factored;
  double const factor_seconds =
      seconds_of([&] { factored = llama::factor_sites(exec, model, sites, nullptr); });
  experiment_result result{.layout = sites.layout,
                           .sigma = {},
                           .factor_seconds = factor_seconds,
                           .experts = {},
                           .classifier = {},
                           .tasks = {},
                           .a_labels = empty,
                           .b_labels = empty,
                           .a_dispatch = {},
                           .b_dispatch = {}};
  for (auto const& each : factored.accuracy) {
    result.worst_reconstruction = std::max(result.worst_reconstruction, each.reconstruction);
    result.worst_orthogonality = std::max(result.worst_orthogonality, each.orthogonality);
  }
  llama::adapted_model adapted(exec, model, sites, std::move(factored.factors));
  result.sigma = adapted.sigma(exec);

  llama::tokenizer const words(model.tok, model.source);
  workshop const shop{exec, words, adapted, options};
  std::uint64_t seed = options.seed * 100;
  svf::bank experts(sites.layout);
  for (question_set const& set : sets) {
    if (set.trained) {
      say("training the expert for " + set.name);
      result.experts.push_back(train_expert(shop, set.name, set.train, set.validation, ++seed));
      experts.add(result.experts.back().value);
    }
  }
  say("training the classification expert");
  result.classifier.push_back(
      train_expert(shop, "classifier", label_questions(sets, labels, &question_set::train),
                   label_questions(sets, labels, &question_set::validation), ++seed));
  auto const z_classifier = result.classifier.front().value.values();

  for (std::size_t t = 0; t < sets.size(); ++t) {
    say("evaluating on " + sets[t].name);
    result.tasks.push_back(
        evaluate_task(shop, experts, labels, z_classifier, sets[t], t, result));
  }
  return result;
}

mean_score mean_unseen(experiment_result const& result, score task_result::* which) {
  double sum = 0.0;
  double variance = 0.0;
  double count = 0.0;
  for (task_result const& row : result.tasks) {
    if (!row.trained) {
      sum += (row.*which).accuracy();
      variance += std::pow((row.*which).standard_error(), 2);
      count += 1.0;
    }
  }
  return count > 0.0 ? mean_score{sum / count, std::sqrt(variance) / count} : mean_score{};
}

}  // namespace demo
