// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <CLI/CLI.hpp>

/// Every subcommand lives in the file of its name. Each function adds one to the tool; what it does
/// runs while the command line is parsed and reports what is wrong as `svf::error`.
namespace cli {

void add_inspect(CLI::App& tool);
void add_factor(CLI::App& tool);
void add_merge(CLI::App& tool);
void add_tokenize(CLI::App& tool);
void add_score(CLI::App& tool);
void add_generate(CLI::App& tool);
void add_eval(CLI::App& tool);
void add_train(CLI::App& tool);
void add_adapt(CLI::App& tool);
void add_cache_command(CLI::App& tool);

}  // namespace cli
