// SPDX-License-Identifier: Apache-2.0
#include <memory>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "commands.hpp"
#include "language_model.hpp"
#include "output.hpp"

namespace cli {

namespace {

struct eval_options : common_options, expert_options, device_options {
  std::string model;
  std::vector<std::string> tasks;
  std::string expert;
};

template <llama::engine E>
void run_on(policies<E> const& on, eval_options const& options) {
  std::vector<std::vector<llama::choice_question>> tasks;
  for (std::string const& path : options.tasks) {
    tasks.push_back(llama::read_choice_file(path));
  }
  language_model<E> const m(on, options.model, options.expert, options);
  for (std::size_t t = 0; t < tasks.size(); ++t) {
    auto const questions =
        llama::encode(m.words(), tasks[t], llama::limits_for(m.current().cfg()));
    stopwatch const watch;
    auto const result = evaluate(on.exec, m.current(), questions);
    double const rate = double(result.questions) / watch.seconds();
    if (options.as_json) {
      print_json({{"tasks", options.tasks[t]},
                  {"expert", options.expert},
                  {"accuracy", result.accuracy()},
                  {"right", result.right},
                  {"questions", result.questions},
                  {"mean_log_probability", result.mean_log_probability},
                  {"questions_per_second", rate}});
    } else {
      fmt::print("{}: accuracy {:.4f} ({} of {} right), {:.1f} questions per second\n",
                 options.tasks[t], result.accuracy(), result.right, result.questions, rate);
    }
  }
}

void run(eval_options const& options) {
  with_engine(options, options, [&](auto const& on) { run_on(on, options); });
}

}  // namespace

void add_eval(CLI::App& tool) {
  auto const options = std::make_shared<eval_options>();
  auto& command = *tool.add_subcommand(
      "eval", "Share of multiple-choice questions answered rightly");
  command.add_option("model", options->model, "GGUF file or Hugging Face folder")
      ->required()
      ->type_name("MODEL");
  command.add_option("--tasks", options->tasks, "Task files; each gives a line of results")
      ->required()
      ->type_name("FILE.jsonl");
  add_expert(command, options->expert, "Answer under this expert instead of the base");
  add_expert_options(command, *options);
  add_device(command, *options);
  add_common(
      command, *options,
      "A task file holds one question a line: {\"prompt\": \"...\", \"options\": [\"...\", ...],\n"
      "\"answer\": INDEX}. The model's answer is the option whose tokens have the highest summed\n"
      "log-probability after the prompt.",
      "  svfmath eval model.gguf --tasks math_test.jsonl --expert math.safetensors "
      "--cache factors");
  command.callback([options] { run(*options); });
}

}  // namespace cli
