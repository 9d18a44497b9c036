// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <concepts>
#include <span>
#include <string>
#include <vector>

#include <svfmath/adapt/fitness.hpp>

/// What an engine offers so that two_pass can adapt its model. The model may be any class; one line
/// per ability, and each strategy asks only for the abilities it uses. Prompts come as a span, all
/// that are to be read under the same weights, so an engine may batch them as it likes; one that
/// reads a prompt at a time loops.
namespace svf {

/// What the model answers, what it answers with, and a labelled example for few-shot search.
template <class M>
using prompt_of = typename M::prompt_type;
template <class M>
using answer_of = typename M::answer_type;
template <class M>
using example_of = typename M::example_type;

/// `m.set_z(z)`: from now on the weights are W'(z), whatever they were before. z has D elements, in
/// the order of the layout; z = 1 is the base model.
template <class M>
concept switches_weights = requires(M& m, std::span<float const> z) { m.set_z(z); };

/// `m.label_scores(prompts, labels)`: for every prompt log-scores, one per label, of calling it by
/// that label under the current weights. They need not be normalised.
template <class M>
concept scores_labels = requires(M& m, std::span<prompt_of<M> const> prompts,
                                 std::span<std::string const> labels) {
  { m.label_scores(prompts, labels) } -> std::convertible_to<std::vector<std::vector<float>>>;
};

/// `m.answer(prompts)`: the answers under the current weights, in the prompts' order.
template <class M>
concept answers_prompts = requires(M& m, std::span<prompt_of<M> const> prompts) {
  { m.answer(prompts) } -> std::convertible_to<std::vector<answer_of<M>>>;
};

/// `m.evaluate(z, examples)`: accuracy (primary) and mean log-likelihood of the correct answers
/// over all examples (secondary) under W'(z). May leave the weights at z.
template <class M>
concept evaluates_examples =
    requires(M& m, std::span<float const> z, std::span<example_of<M> const> examples) {
      { m.evaluate(z, examples) } -> std::convertible_to<fitness>;
    };

/// Strategies A and B need this much.
template <class M>
concept dispatchable_model = switches_weights<M> && scores_labels<M> && answers_prompts<M>;

/// Strategy C needs this much.
template <class M>
concept searchable_model = switches_weights<M> && evaluates_examples<M> && answers_prompts<M>;

/// A model for all three strategies.
template <class M>
concept adaptable_model = dispatchable_model<M> && searchable_model<M>;

}  // namespace svf
