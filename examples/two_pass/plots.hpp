// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <map>
#include <string>

#include "experiment.hpp"

namespace demo {

/// The plots of a result as gnuplot scripts with their data inside, by name. Each script draws
/// NAME.svg and NAME.png in the folder it runs in: scores, learning_curves, z, confusion, alpha,
/// spectra.
std::map<std::string, std::string> plot_scripts(experiment_result const& result);

/// What became of the plots.
struct plot_outcome {
  bool gnuplot_found = false;
  std::size_t drawn = 0;
  std::string first_failure;  ///< name of a script that gnuplot did not like, or empty
};

/// Writes the scripts into `folder`, which is made if need be, and draws them where gnuplot is
/// installed. Throws `svf::error{backend}` if a script cannot be written.
plot_outcome draw_plots(std::filesystem::path const& folder, experiment_result const& result);

}  // namespace demo
