// SPDX-License-Identifier: Apache-2.0
#include <cstdio>
#include <exception>
#include <new>
#include <string>
#include <string_view>
#include <vector>

#include <fmt/format.h>

#include <svfmath/core/config.hpp>
#include <svfmath/core/error.hpp>

#include "commands.hpp"

namespace {

constexpr int wrong_input = 2;

constexpr char const* description =
    "Singular-value fine-tuning: factor a model once, train experts as multipliers z of its\n"
    "singular values, and answer with the expert that a question needs.\n"
    "\n"
    "A MODEL is a GGUF file or a Hugging Face folder of the Llama architecture; `factor` and\n"
    "`merge` also take any safetensors file.";

constexpr char const* overview =
    "Example: from a model to a better one\n"
    "  svfmath factor model.gguf --cache factors\n"
    "  svfmath train model.gguf --task train.jsonl --val val.jsonl --out skill.safetensors "
    "--cache factors\n"
    "  svfmath eval model.gguf --tasks test.jsonl --expert skill.safetensors --cache factors\n"
    "  svfmath merge model.gguf --expert skill.safetensors --out better.safetensors "
    "--cache factors\n"
    "\n"
    "`svfmath COMMAND --help` explains one command. Results go to standard output, progress and\n"
    "errors to standard error. Wrong input ends with status 2 and leaves no file half written.";

int refuse(std::string_view message) {
  fmt::print(stderr, "svfmath: error: {}\n", message);
  return wrong_input;
}

std::string explain(CLI::App const& tool, CLI::ParseError const& problem,
                    std::vector<std::string> const& words) {
  std::string command;
  for (auto chosen = tool.get_subcommands(); !chosen.empty();
       chosen = chosen.front()->get_subcommands()) {
    command += " " + chosen.front()->get_name();
  }
  if (!command.empty()) {
    return fmt::format("{}\nTry `svfmath{} --help`.", problem.what(), command);
  }
  std::string commands;
  for (CLI::App const* each : tool.get_subcommands({})) {
    commands += (commands.empty() ? "" : ", ") + each->get_name();
  }
  return fmt::format("expected a subcommand ({}), got {}\nTry `svfmath --help`.", commands,
                     words.empty() ? "none" : "'" + words.front() + "'");
}

int run(int argc, char** argv) {
  CLI::App tool(description, "svfmath");
  tool.footer(overview);
  tool.require_subcommand(1);
  tool.set_version_flag("--version",
                        fmt::format("svfmath {}.{}.{}", SVFMATH_VERSION_MAJOR,
                                    SVFMATH_VERSION_MINOR, SVFMATH_VERSION_PATCH));
  cli::add_inspect(tool);
  cli::add_factor(tool);
  cli::add_merge(tool);
  cli::add_tokenize(tool);
  cli::add_score(tool);
  cli::add_generate(tool);
  cli::add_eval(tool);
  cli::add_train(tool);
  cli::add_adapt(tool);
  cli::add_cache_command(tool);
  try {
    tool.parse(argc, argv);
  } catch (CLI::ParseError const& problem) {
    if (problem.get_exit_code() == int(CLI::ExitCodes::Success)) {
      return tool.exit(problem);  // --help and --version
    }
    return refuse(explain(tool, problem, {argv + 1, argv + argc}));
  }
  bool const written = std::fflush(stdout) == 0 && std::ferror(stdout) == 0;
  svf::expects(written, svf::error_kind::backend, "cannot write to standard output");
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  try {
    return run(argc, argv);
  } catch (std::bad_alloc const&) {
    return refuse("out of memory");
  } catch (std::exception const& problem) {
    return refuse(problem.what());
  }
}
