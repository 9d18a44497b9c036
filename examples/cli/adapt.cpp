// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include <svfmath/adapt/two_pass.hpp>
#include <svfmath/core/in_quotes.hpp>
#include <svfmath/expert/bank.hpp>
#include <svfmath/expert/expert_file.hpp>
#include <svfmath/learn/shuffle.hpp>

#include "classification.hpp"
#include "commands.hpp"
#include "language_model.hpp"
#include "output.hpp"
#include "watched_adapter.hpp"

namespace cli {

namespace {

using svf::error_kind;

struct adapt_options : common_options, expert_options, device_options {
  std::string model, strategy, classifier, tasks, examples, others;
  std::vector<std::string> experts;
  std::size_t shots = 0;
  svf::index_t population = 16;
  std::int64_t generations = 8;
  bool per_layer = false;
  std::uint64_t seed = 0;
};

struct adapt_data {
  std::vector<llama::choice_question> questions;
  std::vector<llama::choice_question> examples;  // none of the questions
};

adapt_data read_data(adapt_options const& options) {
  bool const searches = options.strategy == "C";
  bool const shown = !options.examples.empty() || options.shots > 0;
  svf::expects(searches == shown, error_kind::format,
               searches ? "adapt: strategy C: expected --examples FILE or --shots N, got neither"
                        : "adapt: expected --examples and --shots with strategy C alone");
  svf::expects((options.strategy == "B") == !options.classifier.empty(), error_kind::format,
               options.strategy == "B"
                   ? "adapt: strategy B: expected --classifier FILE, got none"
                   : "adapt: expected --classifier with strategy B alone");
  adapt_data data{llama::read_choice_file(options.tasks), {}};
  if (!searches) {
    return data;
  }
  bool const own = options.examples.empty();
  auto pool = own ? std::exchange(data.questions, {}) : llama::read_choice_file(options.examples);
  std::size_t const count = options.shots == 0 ? pool.size() : options.shots;
  svf::expects(count < pool.size() || (!own && count == pool.size()), error_kind::shape,
               "--shots: expected fewer than the ", pool.size(), " questions of '",
               own ? options.tasks : options.examples, "', got ", count);
  auto const order = svf::shuffled_indices(pool.size(), options.seed);
  std::vector<bool> is_example(pool.size());
  for (std::size_t i = 0; i < count; ++i) {
    is_example[order[i]] = true;
  }
  for (std::size_t q = 0; q < pool.size(); ++q) {
    if (is_example[q]) {
      data.examples.push_back(std::move(pool[q]));
    } else if (own) {
      data.questions.push_back(std::move(pool[q]));
    }
  }
  return data;
}

std::vector<named_file> experts_of(adapt_options const& options) {
  svf::expects(!options.experts.empty(), error_kind::shape,
               "--experts: expected at least one NAME=FILE, got none");
  std::vector<named_file> files;
  for (std::string const& text : options.experts) {
    auto const file = parse_named_file("--experts", text);
    bool const known = std::any_of(files.begin(), files.end(), [&](named_file const& other) {
      return other.name == file.name;
    });
    svf::expects(!known, error_kind::format, "--experts: the name ", svf::in_quotes(file.name),
                 " comes twice");
    svf::expects(file.name != options.others, error_kind::format, "--others: the name ",
                 svf::in_quotes(file.name), " is that of an expert");
    files.push_back(file);
  }
  return files;
}

svf::label_set labels_of(std::span<named_file const> experts, std::string const& others) {
  std::vector<svf::label_set::label> labels;
  for (named_file const& expert : experts) {
    labels.push_back({expert.name, svf::index_t(labels.size())});
  }
  if (!others.empty()) {
    labels.push_back({others, svf::base_expert});
  }
  return svf::label_set(std::move(labels));
}

struct adapt_result {
  std::vector<std::size_t> answers;
  json labels;  // names, by question; none for C
  svf::pass_cost first, second;
  json details;
};

template <llama::engine E>
adapt_result dispatch(watched_adapter<E>& model, svf::bank const& experts,
                      svf::label_set const& labels, std::span<float const> z_classifier,
                      std::span<llama::choice_question const> questions) {
  auto found = svf::adapt_by_classifier(model, experts, labels, z_classifier, questions);
  std::vector<std::size_t> counts(labels.size());
  json chosen = json::array();
  for (auto const& label : found.labels) {
    ++counts[label.label];
    chosen.push_back(labels.name(label.label));
  }
  json dispatched = json::object();
  for (std::size_t l = 0; l < labels.size(); ++l) {
    dispatched[labels.name(l)] = counts[l];
  }
  return {std::move(found.answers), std::move(chosen), found.first, found.second,
          {{"dispatch", dispatched}}};
}

template <llama::engine E>
adapt_result search(watched_adapter<E>& model, svf::bank const& experts,
                    std::span<llama::encoded_question const> examples,
                    std::span<llama::choice_question const> questions,
                    adapt_options const& options) {
  svf::mixture_options settings;
  settings.search.popsize = options.population;
  settings.search.max_iters = options.generations;
  settings.search.seed = options.seed;
  settings.sharing = options.per_layer ? svf::mixture_sharing::per_layer
                                       : svf::mixture_sharing::per_expert;
  auto found = svf::adapt_by_search(model, experts, examples, settings, questions);
  auto const& weights = found.found.weights;
  json alpha = json::object();
  json alone = json::object();
  for (svf::index_t k = 0; k < experts.size(); ++k) {
    std::string const name = experts.names()[std::size_t(k)];
    auto const row = weights.view().row(k);
    alpha[name] = row.size == 1 ? json(row[0])
                                : json(std::vector<double>(row.data, row.data + row.size));
    if (std::size_t(k) < found.found.experts.size()) {
      alone[name] = found.found.experts[std::size_t(k)].primary;
    }
  }
  return {std::move(found.answers),
          nullptr,
          found.first,
          found.second,
          {{"alpha", alpha},
           {"examples", examples.size()},
           {"examples_accuracy", found.found.value.primary},
           {"examples_base_accuracy", found.found.base.primary},
           {"examples_expert_accuracy", alone},
           {"improved_over_best_single", found.found.improved_over_best_single},
           {"search_stop", std::string(to_string(found.found.search.stop.reason))}}};
}

json cost_of(svf::pass_cost const& cost) {
  return {{"seconds", cost.seconds},
          {"prompts", cost.prompts},
          {"switches", cost.switches},
          {"evaluations", cost.evaluations}};
}

void report(adapt_options const& options, std::vector<llama::choice_question> const& questions,
            adapt_result const& result) {
  std::size_t right = 0;
  for (std::size_t q = 0; q < questions.size(); ++q) {
    right += result.answers[q] == questions[q].answer ? 1u : 0u;
  }
  double const accuracy = double(right) / double(questions.size());
  if (options.as_json) {
    json line = {{"tasks", options.tasks},       {"strategy", options.strategy},
                 {"accuracy", accuracy},         {"right", right},
                 {"questions", questions.size()}};
    line.update(result.details);
    line["pass1"] = cost_of(result.first);
    line["pass2"] = cost_of(result.second);
    line["answers"] = result.answers;
    if (!result.labels.is_null()) {
      line["labels"] = result.labels;
    }
    print_json(line);
    return;
  }
  fmt::print("{}: strategy {}, accuracy {:.4f} ({} of {} right)\n", options.tasks,
             options.strategy, accuracy, right, questions.size());
  for (auto const& [key, value] : result.details.items()) {
    fmt::print("  {}: {}\n", key, to_text(value));
  }
  auto const print_cost = [](char const* pass, svf::pass_cost const& cost) {
    fmt::print("  {}: {:.2f} s, {} prompts, {} weight switches, {} evaluations\n", pass,
               cost.seconds, cost.prompts, cost.switches, cost.evaluations);
  };
  print_cost("pass 1", result.first);
  print_cost("pass 2", result.second);
}

template <llama::engine E>
void run_on(policies<E> const& on, adapt_options const& options) {
  auto files = experts_of(options);
  auto const labels = labels_of(files, options.others);
  auto const data = read_data(options);
  auto wording = wording_for(labels.names());
  if (!options.classifier.empty()) {
    wording = wording_of_classifier(svf::read_expert_metadata(options.classifier).training,
                                    labels.names(), options.classifier);
    files.push_back({"classifier", options.classifier});
  }
  auto loaded = load_expert_model(on, options.model, files, options);
  std::span<svf::expert const> const all = loaded.experts;
  svf::bank const experts(all.first(options.experts.size()));
  auto const examples = llama::encode(loaded.words, data.examples,
                                      llama::limits_for(loaded.adapted->base().cfg()));
  std::size_t const first_pass =
      options.strategy == "C"
          ? std::size_t(options.population * options.generations) * examples.size()
          : data.questions.size();
  watched_adapter<E> model({on.exec, *loaded.adapted, loaded.words, wording},
                           first_pass + data.questions.size());
  std::span<llama::choice_question const> const questions = data.questions;
  auto const z_classifier = options.strategy == "B"
                                ? std::vector<float>(loaded.experts.back().values().begin(),
                                                     loaded.experts.back().values().end())
                                : svf::z_of(experts, svf::base_expert);
  auto const result = options.strategy == "C"
                          ? search(model, experts, examples, questions, options)
                          : dispatch(model, experts, labels, z_classifier, questions);
  report(options, data.questions, result);
}

void run(adapt_options const& options) {
  with_engine(options, options, [&](auto const& on) { run_on(on, options); });
}

void add_strategy_options(CLI::App& command, adapt_options& options) {
  command.add_option("--strategy", options.strategy, "A, B or C")
      ->required()
      ->check(CLI::IsMember({"A", "B", "C"}));
  command
      .add_option("--experts", options.experts,
                  "Experts to choose from; NAME is what the model calls their kind of task")
      ->type_name("NAME=FILE");
  command.add_option("--classifier", options.classifier, "B: classification expert")
      ->type_name("FILE")
      ->check(not_empty());
  command.add_option("--others", options.others,
                     "A and B: a further label for prompts that the base shall answer")
      ->check(not_empty());
  command.add_option("--examples", options.examples, "C: questions with known answers")
      ->type_name("FILE.jsonl")
      ->check(not_empty());
  command.add_option("--shots", options.shots,
                     "C: how many of --examples to use, or else of --tasks, which are then not "
                     "asked in pass 2");
  command.add_option("--population", options.population, "C: mixtures per generation")
      ->check(CLI::Range(svf::index_t(2), svf::index_t(1) << 20))
      ->capture_default_str();
  command.add_option("--generations", options.generations, "C: generations of the search")
      ->check(CLI::Range(std::int64_t(1), std::int64_t(1) << 20))
      ->capture_default_str();
  command.add_flag("--per-layer", options.per_layer, "C: weights for every layer of their own");
  command.add_option("--seed", options.seed, "Of examples and search")->capture_default_str();
}

}  // namespace

void add_adapt(CLI::App& tool) {
  auto const options = std::make_shared<adapt_options>();
  auto& command = *tool.add_subcommand("adapt", "Answer questions in two passes");
  command.add_option("model", options->model, "GGUF file or Hugging Face folder")
      ->required()
      ->type_name("MODEL");
  command.add_option("--tasks", options->tasks, "Questions to answer")
      ->required()
      ->type_name("FILE.jsonl");
  add_strategy_options(command, *options);
  add_expert_options(command, *options);
  add_device(command, *options);
  add_common(
      command, *options,
      "Pass 1 finds out which expert a prompt needs, pass 2 answers with it.\n"
      "  A  the base model is asked what kind of task the prompt is\n"
      "  B  the same with a classification expert (`train --classify`)\n"
      "  C  a few examples decide on one mixture of all experts (cross-entropy method)",
      "  svfmath adapt model.gguf --strategy B --experts math=math.safetensors "
      "code=code.safetensors --classifier kinds.safetensors --tasks test.jsonl "
      "--cache factors\n"
      "  svfmath adapt model.gguf --strategy C --experts math=math.safetensors "
      "code=code.safetensors --tasks test.jsonl --shots 10 --cache factors");
  command.callback([options] { run(*options); });
}

}  // namespace cli
