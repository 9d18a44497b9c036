// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <span>
#include <utility>
#include <vector>

#include <svfmath/adapt/adaptable_model.hpp>
#include <svfmath/adapt/label_set.hpp>
#include <svfmath/core/error.hpp>
#include <svfmath/core/in_quotes.hpp>

namespace svf {

/// What pass 1 thinks of a prompt.
struct classification {
  std::size_t label = 0;            ///< number in the label set; the first of equal ones
  index_t expert = base_expert;     ///< what the label leads to
  std::vector<float> log_scores = {};  ///< one per label, as the model gave them
  double confidence = 0.0;          ///< softmax over log_scores, of the chosen label
  double margin = 0.0;              ///< its log-score less the next best; +∞ for a single label
};

/// The label with the highest log-score. Throws `error{shape}` for a wrong number of scores,
/// `error{numeric}` for a NaN, a +∞, or −∞ everywhere. O(labels).
inline classification choose_label(label_set const& labels, std::vector<float> log_scores) {
  expects(log_scores.size() == labels.size(), error_kind::shape, "choose_label: expected ",
          labels.size(), " scores, one per label, got ", log_scores.size());
  for (std::size_t i = 0; i < log_scores.size(); ++i) {
    expects(!std::isnan(log_scores[i]) && log_scores[i] < HUGE_VALF, error_kind::numeric,
            "choose_label: expected log-scores below infinity, got ", log_scores[i], " for ",
            in_quotes(labels.name(i)));
  }
  std::size_t const best =
      std::size_t(std::max_element(log_scores.begin(), log_scores.end()) - log_scores.begin());
  double const top = double(log_scores[best]);
  expects(std::isfinite(top), error_kind::numeric,
          "choose_label: expected a finite log-score for at least one label");
  double total = 0.0;
  double next = -HUGE_VAL;
  for (std::size_t i = 0; i < log_scores.size(); ++i) {
    total += std::exp(double(log_scores[i]) - top);
    next = i == best ? next : std::max(next, double(log_scores[i]));
  }
  return {best, labels.expert(best), std::move(log_scores), 1.0 / total, top - next};
}

/// Pass 1 under the model's current weights, the base model's for strategy A, the classification
/// expert's for strategy B: what it thinks of every prompt. Throws what `choose_label` throws, and
/// `error{shape}` if the model does not give scores for every prompt.
template <scores_labels M>
std::vector<classification> classify(M& model, label_set const& labels,
                                     std::span<prompt_of<M> const> prompts) {
  std::vector<std::vector<float>> scores = model.label_scores(prompts, labels.names());
  expects(scores.size() == prompts.size(), error_kind::shape, "classify: expected label scores of ",
          prompts.size(), " prompts, got ", scores.size());
  std::vector<classification> result;
  result.reserve(scores.size());
  for (auto& each : scores) {
    result.push_back(choose_label(labels, std::move(each)));
  }
  return result;
}

}  // namespace svf
