// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <vector>

#include <svfmath/core/random.hpp>
#include <svfmath/learn/adamw.hpp>
#include <svfmath/learn/advantage.hpp>
#include <svfmath/learn/batch_sampler.hpp>
#include <svfmath/learn/early_stopping.hpp>

namespace svf {

/// What one step reports. KL and entropy in nats, `reward` the batch mean.
struct step_record {
  std::uint64_t step = 0;  ///< 1 for the first
  double loss = 0.0;
  double surrogate = 0.0;
  double reward = 0.0;
  double kl = 0.0;
  double entropy = 0.0;
  double gradient_norm = 0.0;  ///< before clipping
  double learning_rate = 0.0;

  friend bool operator==(step_record const&, step_record const&) = default;
};

/// What one validation reports.
struct validation_record {
  std::uint64_t step = 0;  ///< steps done before it
  double score = 0.0;      ///< higher is better

  friend bool operator==(validation_record const&, validation_record const&) = default;
};

/// All that a trainer remembers between steps. Two trainers of equal options, σ and state go on
/// alike, bit for bit.
struct trainer_state {
  std::vector<float> parameters;  ///< p, D
  adamw_state optimiser;
  generator random;     ///< for the actions
  batch_sampler order;  ///< of the questions
  advantage::any baseline;
  early_stopping stopping;
  std::vector<float> best_z;  ///< D, of the best validation; empty before the first
  std::uint64_t step = 0;     ///< steps done
  std::vector<step_record> history;
  std::vector<validation_record> validations;

  friend bool operator==(trainer_state const&, trainer_state const&) = default;
};

}  // namespace svf
