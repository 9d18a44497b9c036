// SPDX-License-Identifier: Apache-2.0
#include <cstdio>
#include <memory>
#include <string>
#include <vector>

#include <fmt/format.h>

#include <transformer/generate.hpp>
#include <transformer/unicode.hpp>

#include "commands.hpp"
#include "language_model.hpp"
#include "output.hpp"

namespace cli {

namespace {

struct generate_command : common_options, expert_options, device_options {
  std::string model;
  std::string prompt;
  std::string expert;
  bool chat = false;
  std::int64_t max_tokens = 128;
  double temperature = 0.0;
  std::uint64_t seed = 0;
};

template <llama::engine E>
void run_on(policies<E> const& on, generate_command const& options) {
  language_model<E> const m(on, options.model, options.expert, options);
  auto const ids = options.chat ? encode_chat_prompt(m.words(), options.prompt, options.model)
                                : m.words().encode_start(options.prompt, true);
  svf::expects(!ids.empty(), svf::error_kind::format,
               "--prompt: expected a text with at least one token, got '", options.prompt, "'");
  svf::generator random(options.seed, 0);
  stopwatch const watch;
  auto const answer = llama::generate(
      on.exec, m.current(), ids,
      {options.max_tokens, float(options.temperature), m.words().eos()}, random,
      [&](llama::token id) {
        if (!options.as_json) {
          fmt::print("{}", m.words().decode(std::span(&id, 1)));
          std::fflush(stdout);
        }
        return false;
      });
  double const seconds = watch.seconds();
  if (options.as_json) {
    print_json({{"prompt", options.prompt},
                {"prompt_tokens", ids.size()},
                {"ids", answer},
                {"text", llama::replace_invalid_utf8(m.words().decode(answer))},
                {"seconds", seconds},
                {"tokens_per_second", double(answer.size()) / seconds}});
  } else {
    fmt::print("\n");
  }
}

void run(generate_command const& options) {
  with_engine(options, options, [&](auto const& on) { run_on(on, options); });
}

}  // namespace

void add_generate(CLI::App& tool) {
  auto const options = std::make_shared<generate_command>();
  auto& command = *tool.add_subcommand("generate", "Continue a text");
  command.add_option("model", options->model, "GGUF file or Hugging Face folder")
      ->required()
      ->type_name("MODEL");
  command.add_option("--prompt", options->prompt, "The text to continue")
      ->required()
      ->type_name("TEXT");
  command.add_flag("--chat", options->chat, "Ask the prompt as a question in the chat template");
  command.add_option("--max-tokens", options->max_tokens, "Length of the longest answer")
      ->check(CLI::Range(std::int64_t(0), std::int64_t(1) << 40))
      ->capture_default_str();
  command
      .add_option("--temperature", options->temperature,
                  "0 takes the most probable token, above draws from the distribution")
      ->check(real_range(0.0, 1e6))
      ->capture_default_str();
  command.add_option("--seed", options->seed, "Of the random draws")->capture_default_str();
  add_expert(command, options->expert, "Speak under this expert instead of the base");
  add_expert_options(command, *options);
  add_device(command, *options);
  add_common(
      command, *options,
      "Prints the tokens as they come, until the model ends its text or --max-tokens is\n"
      "reached. The same seed gives the same text.",
      "  svfmath generate model.gguf --prompt 'The capital of France is' --max-tokens 8");
  command.callback([options] { run(*options); });
}

}  // namespace cli
