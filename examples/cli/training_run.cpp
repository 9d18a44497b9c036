// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include <svfmath/expert/expert_file.hpp>
#include <svfmath/learn/checkpoint.hpp>
#include <svfmath/learn/shuffle.hpp>

#include <transformer/choice_environment.hpp>
#include <transformer/memory.hpp>

#include "language_model.hpp"
#include "output_files.hpp"
#include "progress.hpp"
#include "training.hpp"

namespace cli {

namespace {

using svf::error_kind;
using svf::index_t;

std::vector<llama::projection> projections_of(std::string const& word) {
  using enum llama::projection;
  if (word == "mlp") return {gate, up, down};
  if (word == "attention") return {q, k, v, o};
  return {llama::all_projections.begin(), llama::all_projections.end()};
}

// Tokens whose activations fit into a quarter of the memory that is left where the model is.
template <llama::engine E>
index_t rows_to_keep(policies<E> const& on, llama::config const& c) {
  index_t const floats = 2 * c.width + c.heads;
  index_t const operands = 2 * c.width + 2 * c.query_width() + 2 * c.kv_width() + 3 * c.hidden;
  index_t const bytes =
      index_t(sizeof(float)) * floats + index_t(sizeof(typename E::weight)) * operands;
  double const bytes_per_row = double(c.layers) * double(bytes);
  double const memory = double(llama::memory_left(on.exec));
  return std::max(index_t(memory / 4.0 / bytes_per_row), index_t(1));
}

svf::trainer start_or_resume(train_options const& options, svf::trainer_options const& settings,
                             std::string const& setting, std::vector<float> const& sigma) {
  if (options.checkpoint.empty() || !std::filesystem::exists(options.checkpoint)) {
    return svf::trainer(settings, sigma.size(), sigma);
  }
  auto run = svf::load_checkpoint(options.checkpoint, settings, setting);
  svf::expects(std::equal(run.sigma().begin(), run.sigma().end(), sigma.begin(), sigma.end()),
               error_kind::format, options.checkpoint,
               ": expected a checkpoint of this model and these sites, got one of others, or of "
               "factors computed on another device: then use the same --cache");
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

template <llama::engine E>
class training_run {
 public:
  training_run(policies<E> const& on, train_options const& options)
      : on_(on),
        options_(options),
        settings_(trainer_options_of(options)),
        data_(read_training_data(options)),
        setting_(setting_of(options, data_)) {
    load();
  }

  void run() {
    auto run = start_or_resume(options_, settings_, setting_, model_->sigma(on_.exec));
    say("{}: {} matrices, D = {} components, {} training questions\n", options_.model,
        model_->shared_layout()->count(), model_->shared_layout()->size(), train_.size());
    auto const validation = some_of(all_validation_, options_.val_questions, options_.seed);
    llama::basic_choice_environment<E> environment(on_.exec, *model_, std::move(train_),
                                                   E::training_rows,
                                                   rows_to_keep(on_, model_->base().cfg()));
    double const base = evaluate(on_.exec, model_->base(), validation).accuracy();
    say("base: validation accuracy {:.4f} on {} questions\n", base, validation.size());
    if (run.steps_done() > 0) {
      say("going on after step {} from {}\n", run.steps_done(), options_.checkpoint);
    }
    auto const validate = [&](std::span<float const> z) {
      model_->set_z(on_.exec, z);
      return evaluate(on_.exec, model_->current(), validation).accuracy();
    };
    progress_bar bar("steps", options_.steps);
    bar.set(run.steps_done());
    bool out_of_time = false;
    auto const observe = [&](svf::step_record const& step, svf::trainer const& now) {
      bar.clear();
      report(step, now, base);
      bar.set(step.step);
      if (!options_.checkpoint.empty()) {
        svf::save_checkpoint(options_.checkpoint, now, setting_);
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
    llama::expect_supported<E>(source.cfg);  // before the factors, which take longer
    auto const words = tokenizer_of(source);
    train_ = llama::encode(words, data_.train, llama::limits_for(source.cfg));
    all_validation_ = llama::encode(words, data_.validation, llama::limits_for(source.cfg));
    auto sites = llama::sites_of(on_.host, source, projections_of(options_.sites));
    auto factored = factor_with_progress(on_, source, sites, options_.cache);
    model_ = std::make_unique<llama::basic_adapted_model<E>>(
        on_.exec, source, std::move(sites), std::move(factored.factors), settings_.normalise);
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
    training["precision"] = options_.precision;
    training["base_accuracy"] = fmt::format("{}", base);
    if (validated) {
      training["accuracy"] = fmt::format("{}", best);
      result["best_accuracy"] = best;
    }
    svf::save_expert(options_.out, svf::expert(model_->shared_layout(), z, name), origin);
    say("wrote {}\n", options_.out);
    if (options_.final_validation) {
      auto const before = evaluate(on_.exec, model_->base(), all_validation_).accuracy();
      model_->set_z(on_.exec, z);
      auto const after = evaluate(on_.exec, model_->current(), all_validation_).accuracy();
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

  policies<E> on_;
  train_options const& options_;
  svf::trainer_options settings_;
  stopwatch watch_;
  training_data data_;
  std::string setting_;
  std::vector<llama::encoded_question> train_, all_validation_;
  std::unique_ptr<llama::basic_adapted_model<E>> model_;
};

// Early, so that no work is lost and no file that is read is replaced.
void check_files(train_options const& options) {
  command_files files;
  files.reads_model(options.model);
  files.reads("--task", options.task);
  files.reads("--val", options.val);
  for (std::string const& text : options.classify) {
    files.reads("--classify", parse_named_file("--classify", text).path);
  }
  files.writes("--out", options.out);
  if (!options.checkpoint.empty()) {
    files.writes("--checkpoint", options.checkpoint);
  }
}

}  // namespace

void run_training(train_options const& options) {
  check_files(options);
  with_engine(options, options, [&]<class E>(policies<E> const& on) {
    training_run<E>(on, options).run();
  });
}

}  // namespace cli
