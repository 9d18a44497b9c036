// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include <svfmath/learn/trainer_options.hpp>

#include <transformer/choice.hpp>

#include "cache_options.hpp"
#include "device.hpp"
#include "output.hpp"

/// What `svfmath train` does, in the files training_*.cpp; train.cpp holds its command line.
namespace cli {

struct train_options : common_options, device_options {
  std::string model, task, val, out, name, checkpoint;
  cache_options cache;
  std::vector<std::string> classify;
  std::size_t per_label = 200;
  std::string preset = "direct";
  std::string sites = "all";
  std::uint64_t steps = 20;
  std::optional<std::size_t> batch, samples;  // the preset's where not given
  std::optional<double> learning_rate, lambda;
  std::uint64_t seed = 0;
  std::uint64_t validate_every = 5;
  std::uint64_t patience = 0;
  std::size_t val_questions = 256;
  bool final_validation = false;
  double minutes = 0.0;
};

/// The preset's options with what the command line changes in them.
svf::trainer_options trainer_options_of(train_options const& options);

struct training_data {
  std::vector<llama::choice_question> train;
  std::vector<llama::choice_question> validation;
  std::map<std::string, std::string> description;  ///< for the expert file
};

/// Reads --task and --val, or makes both from --classify. Throws `svf::error{format}` naming the
/// option or the file.
training_data read_training_data(train_options const& options);

/// What a run depends on beside its trainer's options, for its checkpoint: a hash of the questions
/// and how validation chooses among them.
std::string setting_of(train_options const& options, training_data const& data);

/// The whole command.
void run_training(train_options const& options);

}  // namespace cli
