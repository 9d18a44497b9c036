// SPDX-License-Identifier: Apache-2.0
// A model that cannot score labels serves no dispatch, and the message names the ability.
// expect: scores_labels
#include <span>
#include <string>
#include <vector>

#include <svfmath/adapt/two_pass.hpp>

struct answers_only {
  using prompt_type = int;
  using answer_type = int;

  void set_z(std::span<float const>) {}
  std::vector<int> answer(std::span<int const>) { return {}; }
};

struct whole : answers_only {
  std::vector<std::vector<float>> label_scores(std::span<int const>,
                                               std::span<std::string const>) {
    return {};
  }
};

void call(whole& fine, answers_only& lacking, svf::bank const& experts,
          svf::label_set const& labels, std::span<int const> prompts) {
  svf::adapt_by_prompt(fine, experts, labels, prompts);
  svf::adapt_by_prompt(lacking, experts, labels, prompts);  // refused
}
