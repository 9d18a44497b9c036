// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstddef>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include <svfmath/adapt/adaptable_model.hpp>
#include <svfmath/adapt/dispatch.hpp>
#include <svfmath/adapt/label_set.hpp>
#include <svfmath/adapt/mixture.hpp>
#include <svfmath/core/error.hpp>
#include <svfmath/expert/bank.hpp>

/// Two-pass inference (paper, section 3.2): pass 1 decides z', pass 2 answers with W'(z').
///
///   adapt_by_prompt      A  the base model labels the prompt
///   adapt_by_classifier  B  a classification expert z_c labels the prompt
///   adapt_by_search      C  a mixture of experts found on a few examples of the task
///
/// Each takes one prompt or a span of them. The model is handed all prompts of a pass that need the
/// same weights at once, so pass 2 switches weights at most K+1 times and the engine may batch;
/// answers come in the prompts' order.
/// Every pass sets the weights it needs before it reads them, so nothing depends on what the model
/// held before; afterwards it holds the last weights used.
namespace svf {

/// What one pass took.
struct pass_cost {
  double seconds = 0.0;       ///< wall-clock, weight switches included
  index_t prompts = 0;        ///< prompts labelled or answered
  index_t switches = 0;       ///< calls of set_z
  index_t evaluations = 0;    ///< calls of evaluate, each over all examples
};

/// One prompt by strategy A or B.
template <class M>
struct dispatched_answer {
  answer_of<M> answer;
  classification label;        ///< label.expert is the bank's row or `base_expert`
  std::vector<float> z;        ///< what pass 2 used
  pass_cost first, second;
};

/// Several prompts by strategy A or B, in the prompts' order.
template <class M>
struct dispatched_answers {
  std::vector<answer_of<M>> answers;
  std::vector<classification> labels;
  pass_cost first, second;
};

/// One prompt, or several, by strategy C: one z' for all.
template <class M>
struct searched_answer {
  answer_of<M> answer;
  mixture_result found;
  pass_cost first, second;
};
template <class M>
struct searched_answers {
  std::vector<answer_of<M>> answers;
  mixture_result found;
  pass_cost first, second;
};

/// z of row `expert` of the bank, or ones for `base_expert`. Throws `error{shape}` outside. O(D).
inline std::vector<float> z_of(bank const& experts, index_t expert) {
  if (expert == base_expert) {
    return std::vector<float>(std::size_t(experts.layout().size()), 1.0f);
  }
  auto const row = experts.row(expert);
  return {row.begin(), row.end()};
}

namespace detail {

/// Adds the time of its scope to a cost.
class pass_timer {
 public:
  explicit pass_timer(pass_cost& cost) : cost_(cost) {}
  pass_timer(pass_timer const&) = delete;
  pass_timer& operator=(pass_timer const&) = delete;
  ~pass_timer() {
    cost_.seconds += std::chrono::duration<double>(clock::now() - start_).count();
  }

 private:
  using clock = std::chrono::steady_clock;
  pass_cost& cost_;
  clock::time_point start_ = clock::now();
};

template <switches_weights M>
void switch_to(M& model, std::span<float const> z, pass_cost& cost) {
  model.set_z(z);
  ++cost.switches;
}

template <answers_prompts M>
std::vector<answer_of<M>> answer_all(M& model, std::span<prompt_of<M> const> prompts,
                                     pass_cost& cost) {
  std::vector<answer_of<M>> answers = model.answer(prompts);
  expects(answers.size() == prompts.size(), error_kind::shape, "two_pass: expected answers to ",
          prompts.size(), " prompts, got ", answers.size());
  cost.prompts += index_t(prompts.size());
  return answers;
}

}  // namespace detail

/// Pass 1 of A and B over a set of prompts: labels all of them under the weights W'(z).
template <dispatchable_model M>
std::vector<classification> classify_all(M& model, std::span<float const> z,
                                         label_set const& labels,
                                         std::span<prompt_of<M> const> prompts, pass_cost& cost) {
  detail::pass_timer const timer(cost);
  if (prompts.empty()) {
    return {};
  }
  detail::switch_to(model, z, cost);
  cost.prompts += index_t(prompts.size());
  return classify(model, labels, prompts);
}

/// Pass 2 over a set of prompts whose experts are given (`base_expert` for none): the base's group
/// first, then the experts' in the bank's order. A group's prompts are copied, to hand them over as
/// one span. Throws `error{shape}` for lists of different lengths, an expert that the bank lacks,
/// or a model that does not answer every prompt.
template <class M>
  requires switches_weights<M> && answers_prompts<M>
std::vector<answer_of<M>> answer_grouped(M& model, bank const& experts,
                                         std::span<index_t const> chosen,
                                         std::span<prompt_of<M> const> prompts, pass_cost& cost) {
  expects(chosen.size() == prompts.size(), error_kind::shape, "answer_grouped: expected ",
          prompts.size(), " experts, one per prompt, got ", chosen.size());
  detail::pass_timer const timer(cost);
  std::vector<std::vector<std::size_t>> groups(std::size_t(experts.size()) + 1);
  for (std::size_t i = 0; i < chosen.size(); ++i) {
    expects(chosen[i] >= base_expert && chosen[i] < experts.size(), error_kind::shape,
            "answer_grouped: expected an expert below ", experts.size(), " or base_expert, got ",
            chosen[i], " for prompt ", i);
    groups[std::size_t(chosen[i] + 1)].push_back(i);
  }
  std::vector<std::optional<answer_of<M>>> found(prompts.size());
  for (std::size_t g = 0; g < groups.size(); ++g) {
    if (groups[g].empty()) {
      continue;
    }
    detail::switch_to(model, z_of(experts, index_t(g) + base_expert), cost);
    std::vector<prompt_of<M>> group;
    for (std::size_t const i : groups[g]) {
      group.push_back(prompts[i]);
    }
    auto answers = detail::answer_all(model, std::span<prompt_of<M> const>(group), cost);
    for (std::size_t j = 0; j < group.size(); ++j) {
      found[groups[g][j]] = std::move(answers[j]);
    }
  }
  std::vector<answer_of<M>> answers;
  answers.reserve(found.size());
  for (auto& each : found) {
    answers.push_back(*std::move(each));
  }
  return answers;
}

/// Strategy B: labels under the classification expert `z_classifier` (D), answers under the expert
/// of the label. Throws `error{shape}` if sizes do not fit or a label names an expert that the bank
/// lacks, and what `choose_label` throws.
template <dispatchable_model M>
dispatched_answers<M> adapt_by_classifier(M& model, bank const& experts, label_set const& labels,
                                          std::span<float const> z_classifier,
                                          std::span<prompt_of<M> const> prompts) {
  labels.check_against(experts.size());
  expects(index_t(z_classifier.size()) == experts.layout().size(), error_kind::shape,
          "adapt_by_classifier: expected z with D = ", experts.layout().size(), " elements, got ",
          z_classifier.size());
  dispatched_answers<M> result;
  result.labels = classify_all(model, z_classifier, labels, prompts, result.first);
  std::vector<index_t> chosen;
  for (classification const& label : result.labels) {
    chosen.push_back(label.expert);
  }
  result.answers = answer_grouped(model, experts, chosen, prompts, result.second);
  return result;
}
template <dispatchable_model M>
dispatched_answer<M> adapt_by_classifier(M& model, bank const& experts, label_set const& labels,
                                         std::span<float const> z_classifier,
                                         prompt_of<M> const& prompt) {
  auto all = adapt_by_classifier(model, experts, labels, z_classifier,
                                 std::span<prompt_of<M> const>(&prompt, 1));
  auto z = z_of(experts, all.labels.front().expert);
  return {std::move(all.answers.front()), std::move(all.labels.front()), std::move(z), all.first,
          all.second};
}

/// Strategy A: labels under the base weights, otherwise as B.
template <dispatchable_model M>
dispatched_answers<M> adapt_by_prompt(M& model, bank const& experts, label_set const& labels,
                                      std::span<prompt_of<M> const> prompts) {
  return adapt_by_classifier(model, experts, labels, z_of(experts, base_expert), prompts);
}
template <dispatchable_model M>
dispatched_answer<M> adapt_by_prompt(M& model, bank const& experts, label_set const& labels,
                                     prompt_of<M> const& prompt) {
  return adapt_by_classifier(model, experts, labels, z_of(experts, base_expert), prompt);
}

/// Pass 1 of C alone: the mixture that is worth most on `examples`. Throws `error{shape}` without
/// examples, and what `search_mixture` throws.
template <class M>
  requires evaluates_examples<M>
mixture_result search_examples(M& model, bank const& experts,
                               std::span<example_of<M> const> examples,
                               mixture_options const& options, pass_cost& cost) {
  expects(!examples.empty(), error_kind::shape,
          "adapt_by_search: expected at least one example, got 0");
  detail::pass_timer const timer(cost);
  return search_mixture(experts, options, [&](std::span<float const> z) -> fitness {
    ++cost.evaluations;
    return model.evaluate(z, examples);
  });
}

/// Strategy C: searches on `examples`, which must be none of the prompts, then answers every prompt
/// under the z' found. Throws as `search_examples`.
template <searchable_model M>
searched_answers<M> adapt_by_search(M& model, bank const& experts,
                                    std::span<example_of<M> const> examples,
                                    mixture_options const& options,
                                    std::span<prompt_of<M> const> prompts) {
  searched_answers<M> result;
  result.found = search_examples(model, experts, examples, options, result.first);
  {
    detail::pass_timer const timer(result.second);
    detail::switch_to(model, result.found.z, result.second);
    result.answers = detail::answer_all(model, prompts, result.second);
  }
  return result;
}
template <searchable_model M>
searched_answer<M> adapt_by_search(M& model, bank const& experts,
                                   std::span<example_of<M> const> examples,
                                   mixture_options const& options, prompt_of<M> const& prompt) {
  auto all = adapt_by_search(model, experts, examples, options,
                             std::span<prompt_of<M> const>(&prompt, 1));
  return {std::move(all.answers.front()), std::move(all.found), all.first, all.second};
}

}  // namespace svf
