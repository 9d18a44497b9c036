// SPDX-License-Identifier: Apache-2.0
#include "output_files.hpp"

#include <unistd.h>

#include <system_error>

#include <svfmath/io/atomic_file.hpp>

#include <transformer/hf.hpp>

namespace cli {

namespace {

namespace fs = std::filesystem;
using svf::error_kind;

bool is_same_file(fs::path const& a, fs::path const& b) {
  std::error_code problem;
  bool const same = fs::equivalent(a, b, problem);
  if (!problem) {
    return same;
  }
  std::error_code ignored;
  auto const whole = [&](fs::path const& path) {
    auto const result = fs::weakly_canonical(fs::absolute(path, ignored), ignored);
    return result.empty() ? fs::absolute(path, ignored).lexically_normal() : result;
  };
  return whole(a) == whole(b);
}

// A folder that is there or can be made. Nothing is made yet, since the work may be refused.
void expect_folder(std::string const& option, fs::path const& folder) {
  std::error_code problem;
  auto existing = fs::absolute(folder, problem).lexically_normal();
  while (!fs::exists(existing, problem) && existing.has_relative_path()) {
    existing = existing.parent_path();
  }
  svf::expects(fs::is_directory(existing, problem) && ::access(existing.c_str(), W_OK) == 0,
               error_kind::backend, option, ": cannot write '", folder,
               "': expected a folder that exists or can be made, got '", existing,
               "', which is none or cannot be written to");
}

}  // namespace

void command_files::reads(std::string what, fs::path const& file) {
  known_.emplace_back(std::move(what), file);
}

void command_files::reads_model(fs::path const& model) {
  reads("MODEL", model);
  std::error_code problem;
  bool const is_folder = fs::is_directory(model, problem);
  if (!is_folder && llama::begins_like_gguf(model)) {
    return;
  }
  if (is_folder) {
    for (auto const& file : llama::weight_files(model)) {
      reads("MODEL", file);
    }
  }
  auto const folder = is_folder ? model : model.parent_path();
  for (auto const name : llama::side_file_names) {
    reads("MODEL", folder / name);
  }
}

void command_files::expect_another(std::string const& option, fs::path const& file) {
  for (auto const& [what, path] : known_) {
    svf::expects(!is_same_file(file, path), error_kind::format, option,
                 ": expected a file of its own, got '", file, "', which is also that of ", what);
  }
  known_.emplace_back(option, file);
}

void command_files::writes(std::string option, fs::path const& file) {
  try {
    svf::atomic_file const probe(file);
  } catch (svf::error const& problem) {
    svf::fail(problem.kind(), option, ": ", problem.what());
  }
  expect_another(option, file);
}

void command_files::writes_folder(std::string const& option, fs::path const& folder,
                                  std::vector<std::string> const& names) {
  expect_folder(option, folder);
  std::error_code problem;
  for (std::string const& name : names) {
    if (fs::is_directory(folder, problem)) {
      writes(option, folder / name);
    } else {
      expect_another(option, folder / name);
    }
  }
}

}  // namespace cli
