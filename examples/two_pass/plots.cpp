// SPDX-License-Identifier: Apache-2.0
#include "plots.hpp"

#include <cerrno>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <svfmath/io/atomic_file.hpp>

#include "report.hpp"

namespace demo {

namespace {

enum class outcome { done, refused, not_found };

// Runs `gnuplot script` in `folder`, without a shell.
outcome run_gnuplot(std::filesystem::path const& folder, std::string const& script) {
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addchdir_np(&actions, folder.c_str());
  std::string program = "gnuplot";
  std::string argument = script;
  char* arguments[] = {program.data(), argument.data(), nullptr};
  pid_t child = 0;
  int const code = posix_spawnp(&child, "gnuplot", &actions, nullptr, arguments, environ);
  posix_spawn_file_actions_destroy(&actions);
  if (code != 0) {
    return code == ENOENT ? outcome::not_found : outcome::refused;
  }
  int status = 0;
  while (waitpid(child, &status, 0) < 0) {
    if (errno != EINTR) {
      return outcome::refused;
    }
  }
  if (WIFEXITED(status) && WEXITSTATUS(status) == 127) {
    return outcome::not_found;
  }
  return WIFEXITED(status) && WEXITSTATUS(status) == 0 ? outcome::done : outcome::refused;
}

}  // namespace

plot_outcome draw_plots(std::filesystem::path const& folder, experiment_result const& result) {
  make_folder(folder);
  plot_outcome all{true, 0, {}};
  for (auto const& [name, text] : plot_scripts(result)) {
    svf::write_atomically(folder / (name + ".gp"), text);
    switch (all.gnuplot_found ? run_gnuplot(folder, name + ".gp") : outcome::not_found) {
      case outcome::done: ++all.drawn; break;
      case outcome::not_found: all.gnuplot_found = false; break;
      case outcome::refused:
        all.first_failure = all.first_failure.empty() ? name : all.first_failure;
        break;
    }
  }
  return all;
}

}  // namespace demo
