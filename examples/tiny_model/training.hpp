// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include <transformer/checkpoint.hpp>
#include <transformer/engine.hpp>

/// From random weights to the tiny model.
namespace tiny {

struct training_options {
  std::uint64_t steps = 2400;
  double textbook_share = 0.7;     ///< of the steps; the careless authors come after
  std::uint64_t batch = 128;       ///< documents
  double learning_rate = 3e-3;     ///< cosine decay to a twentieth after a linear warm-up
  std::uint64_t warm_up = 100;     ///< steps
  double weight_decay = 0.01;
  double clip_norm = 1.0;
  double prompt_weight = 0.1;      ///< of a prompt token's loss, where an answer token's is 1
  std::uint64_t seed = 1;
};

/// The shape of the tiny model: 4 layers, width 96, 4 query and 2 key-value heads.
llama::config tiny_config();

/// What a step reports: the mean loss of a token of the answers, in nats.
using training_observer = std::function<void(std::uint64_t step, double loss)>;

/// Trains a model of `tiny_config` on the corpus by next-token prediction (AdamW). Reproducible:
/// equal options give equal weights on machines of one kind, whatever the number of threads.
llama::checkpoint train_from_scratch(llama::cpu_policy& exec, training_options const& options,
                                     training_observer const& observer = {});

}  // namespace tiny
