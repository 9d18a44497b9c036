// SPDX-License-Identifier: Apache-2.0
#include "classification.hpp"

#include <algorithm>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <svfmath/learn/shuffle.hpp>

namespace cli {

namespace {

constexpr char const* labels_key = "labels";
constexpr char const* wording_key = "wording";

std::string joined(std::span<std::string const> labels) {
  return fmt::format("{}", fmt::join(labels, ","));
}

}  // namespace

llama::classification_wording wording_for(std::span<std::string const> labels) {
  return {"", fmt::format("\n\nWhat kind of task is this: {}?\nKind:", fmt::join(labels, ", ")),
          " "};
}

std::map<std::string, std::string> describe_classifier(std::span<std::string const> labels) {
  return {{labels_key, joined(labels)}, {wording_key, wording_for(labels).after}};
}

llama::classification_wording wording_of_classifier(
    std::map<std::string, std::string> const& training, std::span<std::string const> labels,
    std::string const& path) {
  auto wording = wording_for(labels);
  if (auto const trained = training.find(labels_key); trained != training.end()) {
    std::string const known = "," + trained->second + ",";
    for (std::string const& label : labels) {
      svf::expects(known.find("," + label + ",") != std::string::npos, svf::error_kind::format,
                   path, ": expected a classification expert for the labels ", joined(labels),
                   ", got one for ", trained->second);
    }
  }
  if (auto const asked = training.find(wording_key); asked != training.end()) {
    wording.after = asked->second;
  }
  return wording;
}

classification_data make_classification(std::span<labelled_task const> tasks,
                                        std::size_t per_label, std::uint64_t seed) {
  std::vector<std::string> labels;
  for (labelled_task const& task : tasks) {
    labels.push_back(task.label);
  }
  auto const wording = wording_for(labels);
  classification_data result;
  for (std::size_t t = 0; t < tasks.size(); ++t) {
    auto const& questions = tasks[t].questions;
    auto const order = svf::shuffled_indices(questions.size(), seed, t);
    std::size_t const count =
        per_label == 0 ? order.size() : std::min(per_label, order.size());
    svf::expects(count >= 2, svf::error_kind::shape, "--classify: '", tasks[t].path,
                 "': expected at least two prompts of '", tasks[t].label,
                 "', one to train and one to validate with, got ", count, " of ", order.size(),
                 " with --per-label ", per_label);
    for (std::size_t i = 0; i < count; ++i) {
      auto& half = i < (count + 1) / 2 ? result.train : result.validation;
      half.push_back(wording.ask(questions[order[i]].prompt, labels, t));
    }
  }
  return result;
}

}  // namespace cli
