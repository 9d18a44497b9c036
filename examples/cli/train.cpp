// SPDX-License-Identifier: Apache-2.0
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include <svfmath/expert/expert_file.hpp>
#include <svfmath/learn/checkpoint.hpp>
#include <svfmath/learn/preset.hpp>
#include <svfmath/learn/shuffle.hpp>

#include <transformer/choice_environment.hpp>

#include "classification.hpp"
#include "commands.hpp"
#include "language_model.hpp"
#include "output.hpp"
#include "progress.hpp"

namespace cli {

namespace {

using svf::error_kind;
using svf::index_t;

struct train_options : common_options {
  std::string model, task, val, out, name, cache, checkpoint;
  std::vector<std::string> classify;
  std::size_t per_label = 200;
  std::string preset = "direct";
  std::string sites = "all";
  std::uint64_t steps = 20;
  std::size_t batch = 64;
  std::size_t samples = 16;
  std::optional<double> learning_rate, lambda;
  std::uint64_t seed = 0;
  std::uint64_t validate_every = 5;
  std::uint64_t patience = 0;
  std::size_t val_questions = 256;
  bool final_validation = false;
  double minutes = 0.0;
};

svf::trainer_options trainer_options_of(train_options const& options) {
  auto result = svf::make_options(svf::preset_from(options.preset), options.steps);
  result.batch = options.batch;
  result.samples = options.samples;
  result.seed = options.seed;
  result.validate_every = options.validate_every;
  result.patience = options.patience;
  // The presets' 0.002 is for batches of 256; from z itself a quarter of that batch needs less.
  bool const small_batch = options.preset == "direct";
  result.learning_rate.base =
      options.learning_rate.value_or(small_batch ? 1e-3 : result.learning_rate.base);
  result.objective.kl.coefficient = options.lambda.value_or(result.objective.kl.coefficient);
  return result;
}

std::vector<llama::projection> projections_of(std::string const& word) {
  using enum llama::projection;
  if (word == "mlp") return {gate, up, down};
  if (word == "attention") return {q, k, v, o};
  return {llama::all_projections.begin(), llama::all_projections.end()};
}

struct training_data {
  std::vector<llama::choice_question> train;
  std::vector<llama::choice_question> validation;
  std::map<std::string, std::string> description;  // for the expert file
};

training_data read_data(train_options const& options) {
  bool const one_task = !options.task.empty() && !options.val.empty();
  bool const neither = options.task.empty() && options.val.empty();
  svf::expects(options.classify.empty() ? one_task : neither, error_kind::format,
               "train: expected either --task FILE and --val FILE, or --classify LABEL=FILE ...");
  if (options.classify.empty()) {
    return {llama::read_choice_file(options.task), llama::read_choice_file(options.val),
            {{"task", options.task}, {"validation", options.val}}};
  }
  std::vector<labelled_task> tasks;
  std::vector<std::string> labels;
  for (std::string const& text : options.classify) {
    auto const part = parse_named_file("--classify", text);
    svf::expects(std::find(labels.begin(), labels.end(), part.name) == labels.end(),
                 error_kind::format, "--classify: the label '", part.name, "' comes twice");
    labels.push_back(part.name);
    tasks.push_back({part.name, llama::read_choice_file(part.path)});
  }
  svf::expects(tasks.size() >= 2, error_kind::format,
               "--classify: expected at least two LABEL=FILE, got ", tasks.size());
  auto data = make_classification(tasks, options.per_label, options.seed);
  return {std::move(data.train), std::move(data.validation), describe_classifier(labels)};
}

// Found out before hours of work rather than after them.
void check_writable(std::string const& option, std::string const& file) {
  auto folder = std::filesystem::path(file).parent_path();
  folder = folder.empty() ? "." : folder;
  svf::expects(std::filesystem::is_directory(folder) && ::access(folder.c_str(), W_OK) == 0 &&
                   !std::filesystem::is_directory(file),
               error_kind::backend, option, ": cannot write '", file,
               "': expected a file in a folder that exists and can be written to");
}

constexpr index_t rows_at_a_time = 1024;

// Tokens whose activations fit into a quarter of the machine's memory.
index_t rows_to_keep(llama::config const& c) {
  index_t const floats_per_layer =
      4 * c.width + 2 * c.query_width() + 2 * c.kv_width() + 3 * c.hidden;
  double const floats_per_row = double(c.layers) * double(floats_per_layer);
  double const memory = double(::sysconf(_SC_PHYS_PAGES)) * double(::sysconf(_SC_PAGESIZE));
  return std::max(index_t(memory / 4.0 / (4.0 * floats_per_row)), index_t(1));
}

svf::trainer start_or_resume(train_options const& options, svf::trainer_options const& settings,
                             llama::adapted_model const& m) {
  auto const sigma = m.sigma();
  if (options.checkpoint.empty() || !std::filesystem::exists(options.checkpoint)) {
    return svf::trainer(settings, sigma.size(), sigma);
  }
  auto run = svf::load_checkpoint(options.checkpoint, settings);
  svf::expects(std::equal(run.sigma().begin(), run.sigma().end(), sigma.begin(), sigma.end()),
               error_kind::format, options.checkpoint,
               ": expected a checkpoint of this model and these sites, got one of others");
  return run;
}

std::vector<llama::encoded_question> some_of(std::vector<llama::encoded_question> const& all,
                                             std::size_t count, std::uint64_t seed) {
  if (count == 0 || count >= all.size()) {
    return all;
  }
  auto order = svf::shuffled_indices(all.size(), seed, 1);
  order.resize(count);
  std::sort(order.begin(), order.end());
  std::vector<llama::encoded_question> result;
  for (std::size_t const q : order) {
    result.push_back(all[q]);
  }
  return result;
}

json curve_of(svf::trainer const& run) {
  json steps = json::array();
  for (auto const& s : run.history()) {
    steps.push_back({{"step", s.step},
                     {"loss", s.loss},
                     {"reward", s.reward},
                     {"kl", s.kl},
                     {"entropy", s.entropy},
                     {"gradient_norm", s.gradient_norm},
                     {"learning_rate", s.learning_rate}});
  }
  return steps;
}

class training_run {
 public:
  explicit training_run(train_options const& options)
      : options_(options),
        settings_(trainer_options_of(options)),
        exec_(options.threads),
        data_(read_data(options)) {
    check_writable("--out", options.out);
    if (!options.checkpoint.empty()) {
      check_writable("--checkpoint", options.checkpoint);
    }
    load();
  }

  void run() {
    auto const validation = some_of(all_validation_, options_.val_questions, options_.seed);
    llama::choice_environment environment(exec_, *model_, std::move(train_), rows_at_a_time,
                                          rows_to_keep(model_->base().cfg()));
    double const base = evaluate(exec_, model_->base(), validation).accuracy();
    say("base: validation accuracy {:.4f} on {} questions\n", base, validation.size());
    auto run = start_or_resume(options_, settings_, *model_);
    if (run.steps_done() > 0) {
      say("going on after step {} from {}\n", run.steps_done(), options_.checkpoint);
    }
    auto const validate = [&](std::span<float const> z) {
      model_->set_z(exec_, z);
      return evaluate(exec_, model_->current(), validation).accuracy();
    };
    progress_bar bar("steps", options_.steps);
    bar.set(run.steps_done());
    bool out_of_time = false;
    auto const observe = [&](svf::step_record const& step, svf::trainer const& now) {
      bar.clear();
      report(step, now, base);
      bar.set(step.step);
      if (!options_.checkpoint.empty()) {
        svf::save_checkpoint(options_.checkpoint, now);
      }
      out_of_time = options_.minutes > 0.0 && watch_.seconds() > 60.0 * options_.minutes;
      return out_of_time;
    };
    auto const end = run.run(environment, validate, observe);
    bar.clear();
    finish(run, base, end == svf::run_end::finished ? "finished"
                      : out_of_time                 ? "time limit"
                                                    : "no more improvement");
  }

 private:
  template <class... Args>
  void say(fmt::format_string<Args...> text, Args&&... args) const {
    if (!options_.as_json) {
      fmt::print(text, std::forward<Args>(args)...);
      std::fflush(stdout);
    }
  }

  void load() {
    llama::checkpoint const source = llama::load_checkpoint(options_.model);
    auto const words = tokenizer_of(source);
    train_ = llama::encode(words, data_.train);
    all_validation_ = llama::encode(words, data_.validation);
    auto sites = llama::sites_of(exec_, source, projections_of(options_.sites));
    auto factored = factor_with_progress(exec_, source, sites, options_.cache);
    say("{}: {} matrices, D = {} components, {} training questions\n", options_.model,
        sites.layout->count(), sites.layout->size(), train_.size());
    model_ = std::make_unique<llama::adapted_model>(
        source, std::move(sites), std::move(factored.factors), settings_.normalise);
  }

  void report(svf::step_record const& step, svf::trainer const& now, double base) const {
    say("step {:>3}/{}  reward {:+.4f}  KL {:.5f}  gradient {:.2e}  {}\n", step.step,
        options_.steps, step.reward, step.kl, step.gradient_norm,
        duration_text(watch_.seconds()));
    if (!now.validations().empty() && now.validations().back().step == step.step) {
      say("          validation accuracy {:.4f}, base {:.4f}, best {:.4f}\n",
          now.validations().back().score, base, now.state().stopping.best);
    }
  }

  void finish(svf::trainer const& run, double base, char const* end) {
    auto const z = run.best_z();
    auto const name = options_.name.empty() ? std::filesystem::path(options_.out).stem().string()
                                            : options_.name;
    bool const validated = !run.validations().empty();
    double const best = validated ? run.state().stopping.best : 0.0;
    json result = {{"model", options_.model},
                   {"out", options_.out},
                   {"end", end},
                   {"steps", run.steps_done()},
                   {"base_accuracy", base}};
    svf::expert_origin origin{settings_.parameters, settings_.normalise, data_.description};
    auto& training = origin.training;
    training["preset"] = options_.preset;
    training["steps"] = std::to_string(run.steps_done());
    training["batch"] = std::to_string(settings_.batch);
    training["samples"] = std::to_string(settings_.samples);
    training["learning_rate"] = fmt::format("{}", settings_.learning_rate.base);
    training["lambda"] = fmt::format("{}", settings_.objective.kl.coefficient);
    training["seed"] = std::to_string(settings_.seed);
    training["sites"] = options_.sites;
    training["base_accuracy"] = fmt::format("{}", base);
    if (validated) {
      training["accuracy"] = fmt::format("{}", best);
      result["best_accuracy"] = best;
    }
    svf::save_expert(options_.out, svf::expert(model_->shared_layout(), z, name), origin);
    say("wrote {}\n", options_.out);
    if (options_.final_validation) {
      auto const before = evaluate(exec_, model_->base(), all_validation_).accuracy();
      model_->set_z(exec_, z);
      auto const after = evaluate(exec_, model_->current(), all_validation_).accuracy();
      say("all {} validation questions: base {:.4f}, expert {:.4f}\n", all_validation_.size(),
          before, after);
      result["final_base_accuracy"] = before;
      result["final_accuracy"] = after;
    }
    say("{} after {} steps in {}\n", end, run.steps_done(), duration_text(watch_.seconds()));
    if (options_.as_json) {
      result["seconds"] = watch_.seconds();
      result["validations"] = json::array();
      for (auto const& v : run.validations()) {
        result["validations"].push_back({{"step", v.step}, {"accuracy", v.score}});
      }
      result["history"] = curve_of(run);
      print_json(result);
    }
  }

  train_options const& options_;
  svf::trainer_options settings_;
  stopwatch watch_;
  llama::cpu_policy exec_;
  training_data data_;
  std::vector<llama::encoded_question> train_, all_validation_;
  std::unique_ptr<llama::adapted_model> model_;
};

void add_learning_options(CLI::App& command, train_options& options) {
  command.add_option("--preset", options.preset, "paper, released_code or direct")
      ->check(CLI::IsMember({"paper", "released_code", "direct"}))
      ->capture_default_str();
  command.add_option("--steps", options.steps, "Optimiser steps")
      ->check(CLI::Range(std::uint64_t(1), std::uint64_t(1) << 32))
      ->capture_default_str();
  command.add_option("--batch", options.batch, "Questions per step")
      ->check(CLI::Range(std::size_t(1), std::size_t(1) << 32))
      ->capture_default_str();
  command
      .add_option("--samples", options.samples,
                  "Answers drawn per question and step: more cost nothing here and make the "
                  "gradient less noisy; the paper draws 1")
      ->check(CLI::Range(std::size_t(1), std::size_t(1) << 16))
      ->capture_default_str();
  command
      .add_option("--learning-rate,--lr", options.learning_rate,
                  "At the start; by default 0.001 for direct, 0.002 for the other presets")
      ->check(CLI::Range(0.0, 1e3));
  command
      .add_option("--lambda", options.lambda,
                  "Weight of the KL penalty; preset: 0.1 (released_code: 0)")
      ->check(CLI::Range(0.0, 1e6));
  command.add_option("--seed", options.seed, "Of everything random")->capture_default_str();
  command.add_option("--sites", options.sites, "Which matrices learn: mlp, attention or all")
      ->check(CLI::IsMember({"mlp", "attention", "all"}))
      ->capture_default_str();
}

void add_run_options(CLI::App& command, train_options& options) {
  command.add_option("--validate-every", options.validate_every, "Steps; 0: never")
      ->capture_default_str();
  command
      .add_option("--val-questions", options.val_questions,
                  "Validation questions to ask each time, drawn by the seed; 0: all")
      ->capture_default_str();
  command.add_flag("--final-validation", options.final_validation,
                   "At the end ask base and expert all validation questions");
  command
      .add_option("--patience", options.patience,
                  "Validations without improvement before stopping; 0: never stop early")
      ->capture_default_str();
  command.add_option("--minutes", options.minutes, "Stop after this time; 0: no limit")
      ->check(CLI::Range(0.0, 1e9))
      ->capture_default_str();
  command
      .add_option("--checkpoint", options.checkpoint,
                  "File that keeps the whole state after every step. Where it exists, the run goes "
                  "on from it, so a run ended by Ctrl-C is resumed by the same command")
      ->type_name("FILE");
  add_cache(command, options.cache);
}

}  // namespace

void add_train(CLI::App& tool) {
  auto const options = std::make_shared<train_options>();
  auto& command = *tool.add_subcommand("train", "Learn an expert z from rewards (REINFORCE)");
  command.add_option("model", options->model, "GGUF file or Hugging Face folder")
      ->required()
      ->type_name("MODEL");
  command.add_option("--task", options->task, "Questions to learn from")->type_name("FILE.jsonl");
  command.add_option("--val", options->val, "Questions that choose the best z")
      ->type_name("FILE.jsonl");
  command.add_option("--classify", options->classify, "Prompts of one kind; give at least two")
      ->type_name("LABEL=FILE.jsonl");
  command
      .add_option("--per-label", options->per_label,
                  "With --classify: prompts to take of each file; 0: all")
      ->capture_default_str();
  command.add_option("--out", options->out, "Expert file to write")->required()->type_name("FILE");
  command.add_option("--name", options->name, "Of the expert; by default the file's");
  add_learning_options(command, *options);
  add_run_options(command, *options);
  add_common(
      command, *options,
      "The model answers multiple-choice questions by drawing from its own distribution over\n"
      "the options; right answers earn +1, wrong ones -1. The z with the best validation\n"
      "accuracy is written. With --classify the expert learns to tell kinds of prompts apart,\n"
      "for `adapt --strategy B`: one half of each file trains, the other validates.",
      "  svfmath train model.gguf --task reason_train.jsonl --val reason_val.jsonl "
      "--out reason.safetensors --cache factors --minutes 15\n"
      "  svfmath train model.gguf --classify math=math_train.jsonl "
      "code=code_train.jsonl --out kinds.safetensors --cache factors --steps 20");
  command.callback([options] { training_run(*options).run(); });
}

}  // namespace cli
