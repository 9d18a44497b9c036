// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <span>
#include <vector>

#include <svfmath/learn/action_table.hpp>
#include <svfmath/learn/environment.hpp>

#include "adapted_model.hpp"
#include "choice.hpp"

namespace llama {

/// Choice questions as what `svf::trainer` learns in: an action is an option, the policy the
/// softmax of the options' log-probabilities, the reward +1 for the right one and −1 otherwise.
template <engine E>
class basic_choice_environment {
 public:
  using policy = typename E::policy;

  /// `exec` and `m` outlive the environment. `rows_at_a_time`: tokens in one forward pass;
  /// `kept_rows`: tokens whose activations are kept between score and backward, the rest is
  /// computed again.
  basic_choice_environment(policy& exec, basic_adapted_model<E>& m,
                           std::vector<encoded_question> questions,
                           index_t rows_at_a_time = E::training_rows,
                           index_t kept_rows = 8 * E::training_rows);

  std::size_t size() const { return questions_.size(); }
  float reward(std::size_t question, std::size_t action) const {
    return action == questions_[question].answer ? 1.0f : -1.0f;
  }

  /// Sets the model to z. Scores and throws as `option_scores`.
  svf::action_table<float> score(std::span<float const> z, std::span<std::size_t const> questions);
  /// Scores under the base model, which don't depend on what was asked before, so that a resumed
  /// run repeats the uninterrupted one: each question is computed once by itself, or all of
  /// `questions` together, as the engine says.
  svf::action_table<float> reference(std::span<std::size_t const> questions);
  /// dz (D) += Σ dL/dscore · ∂score/∂z for the scores of the last `score`. Throws
  /// `svf::error{shape}` if `dscores` has other rows or dz another size.
  void backward(svf::action_table<float> const& dscores, std::span<float> dz);

  std::span<encoded_question const> questions() const { return questions_; }

 private:
  struct piece {
    choice_batch batch;
    operand_matrix<E> hidden;
    std::optional<basic_activations<E>> kept;
  };

  std::vector<encoded_question const*> chosen(std::span<std::size_t const> questions) const;

  policy& exec_;
  basic_adapted_model<E>& model_;
  std::vector<encoded_question> questions_;
  index_t rows_at_a_time_;
  index_t kept_rows_;
  std::vector<piece> pieces_;
  std::vector<std::size_t> offsets_;               // of the last score
  std::vector<std::vector<float>> reference_;      // by question, empty until computed and kept
};

using choice_environment = basic_choice_environment<cpu_engine>;

extern template class basic_choice_environment<cpu_engine>;

static_assert(svf::policy_environment<choice_environment>);

}  // namespace llama
