// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <svfmath/adapt/confusion_matrix.hpp>
#include <svfmath/adapt/two_pass.hpp>
#include <svfmath/expert/expert.hpp>
#include <svfmath/learn/preset.hpp>
#include <svfmath/learn/trainer.hpp>
#include <transformer/checkpoint.hpp>
#include <transformer/engine.hpp>

#include "question_sets.hpp"

/// The whole method on the tiny model: factor, train experts, evaluate the base, every expert and
/// the three strategies of two-pass inference.
namespace demo {

struct experiment_options {
  question_counts counts;
  svf::preset preset = svf::preset::paper;
  std::uint64_t steps = 60;          ///< of every expert's training
  std::size_t batch = 256;           ///< questions per step
  double learning_rate = 2e-3;
  std::uint64_t validate_every = 10;
  std::int64_t generations = 12;     ///< of strategy C's search
  svf::index_t population = 16;
  std::uint64_t seed = 1;

  /// A shorter run: fewer steps, questions and generations.
  static experiment_options quick();
};

/// So many right of so many questions.
struct score {
  std::size_t right = 0;
  std::size_t questions = 0;

  double accuracy() const { return questions ? double(right) / double(questions) : 0.0; }
  /// sqrt(p(1−p)/n), the binomial's.
  double standard_error() const {
    double const p = accuracy();
    return questions ? std::sqrt(p * (1.0 - p) / double(questions)) : 0.0;
  }
};

/// One trained expert and how it was trained.
struct trained_expert {
  svf::expert value;
  std::vector<svf::step_record> steps;
  std::vector<svf::validation_record> validations;
  double seconds = 0.0;
};

/// A row of the table.
struct task_result {
  std::string name;
  bool trained = false;
  score base;
  std::vector<score> experts;  ///< in the order of the families
  score a, b, c;
  svf::mixture_result found;   ///< by C
  svf::pass_cost a_first, a_second, b_first, b_second, c_first, c_second;
};

struct experiment_result {
  std::shared_ptr<svf::layout const> layout;
  std::vector<float> sigma;                ///< (D) of the base
  double worst_reconstruction = 0.0;
  double worst_orthogonality = 0.0;
  double factor_seconds = 0.0;
  std::vector<trained_expert> experts;     ///< of the families
  std::vector<trained_expert> classifier;  ///< one, of the labels
  std::vector<task_result> tasks;
  svf::confusion_matrix a_labels, b_labels;  ///< all tasks (rows) by labels
  score a_dispatch, b_dispatch;              ///< right labels of the trained families' questions
};

/// `progress(text)` is told what begins. Deterministic but for the seconds in the result: equal
/// options and model give equal numbers, whatever the number of threads.
experiment_result run_experiment(llama::cpu_policy& exec, llama::checkpoint const& model,
                                 experiment_options const& options,
                                 std::function<void(std::string const&)> const& progress = {});

/// The mean accuracy over the tasks that no expert was trained for, and its standard error.
struct mean_score {
  double value = 0.0;
  double standard_error = 0.0;
};
mean_score mean_unseen(experiment_result const& result, score task_result::* which);

}  // namespace demo
