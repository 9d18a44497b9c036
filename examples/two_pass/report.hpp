// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "experiment.hpp"

/// An experiment's result as text and as files. Everything but the timings is the same in two runs
/// with one seed.
namespace demo {

/// The tables like the paper's Tables 1 and 2, the confusion matrices and the α that C found.
std::string tables(experiment_options const& options, experiment_result const& result);

/// Where a task goes against base ≤ A ≤ B ≤ C: "B < A" for instance; empty where it does not.
std::vector<std::string> against_order(task_result const& row);

/// What pass 1 and pass 2 cost, like the paper's Table 3, and what the rest took.
std::string timings(experiment_result const& result);

/// Makes a folder and those above it. Throws `svf::error{backend}` naming it if that fails.
void make_folder(std::filesystem::path const& folder);

/// Writes into `folder`, which is made if need be:
///   results.json, scores.csv, learning_curves.csv, confusion_A.csv, confusion_B.csv, alpha.csv,
///   z.csv, spectra.csv   numbers that two runs with one seed share
///   timings.json, costs.csv   those that they don't
///   experts/*.safetensors
/// Throws `svf::error{backend}` naming the file that cannot be written.
void write_results(std::filesystem::path const& folder, experiment_options const& options,
                   experiment_result const& result);

}  // namespace demo
