// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <vector>

#include <transformer/choice.hpp>
#include <transformer/choice_adapter.hpp>

namespace cli {

/// How the tool asks which of `labels` a prompt is. All of it follows the prompt, so that it stays
/// when a long prompt loses its beginning.
llama::classification_wording wording_for(std::span<std::string const> labels);

/// The metadata of a classification expert from which `adapt` asks as it was trained.
std::map<std::string, std::string> describe_classifier(std::span<std::string const> labels);
/// The wording that `describe_classifier` recorded, or `wording_for(labels)` where there is none.
/// Throws `svf::error{format}` naming `path` if the labels it was trained for are not `labels`.
llama::classification_wording wording_of_classifier(
    std::map<std::string, std::string> const& training, std::span<std::string const> labels,
    std::string const& path);

/// The prompts of one kind.
struct labelled_task {
  std::string label;
  std::string path;  ///< for messages
  std::vector<llama::choice_question> questions;
};

/// "Which kind is this prompt?" for the prompts of all tasks, at most `per_label` of each (0: all),
/// one half of them (drawn by `seed`) for training and the other for validation. Throws
/// `svf::error{shape}` naming the file and --per-label where that leaves fewer than two.
struct classification_data {
  std::vector<llama::choice_question> train;
  std::vector<llama::choice_question> validation;
};
classification_data make_classification(std::span<labelled_task const> tasks,
                                        std::size_t per_label, std::uint64_t seed);

}  // namespace cli
