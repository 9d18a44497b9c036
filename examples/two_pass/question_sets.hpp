// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include <tiny_model/synthetic_tasks.hpp>

namespace demo {

/// How many questions of each task are made.
struct question_counts {
  std::size_t learning = 1024;  ///< of a trained family: half for training, half for validation
  std::size_t few_shot = 30;    ///< of every task: what strategy C sees
  std::size_t test = 1500;      ///< of every task
};

/// The questions of one task. No prompt is in two of the lists.
struct question_set {
  std::string name;
  bool trained = false;
  std::vector<llama::choice_question> train, validation;  ///< of trained families
  std::vector<llama::choice_question> few_shot, test;
};

/// The trained families, then the unseen tasks. Equal seeds give equal questions.
std::vector<question_set> make_question_sets(question_counts const& counts, std::uint64_t seed);

}  // namespace demo
