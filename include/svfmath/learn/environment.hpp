// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <concepts>
#include <cstddef>
#include <span>

#include <svfmath/learn/action_table.hpp>

namespace svf {

/// What a trainer learns in: questions with a finite list of actions (answer options) each.
///   size()                    number of questions
///   score(z, questions)       unnormalised log-scores under W'(z), one row per question asked for;
///                             π is the softmax of a row. May keep what backward needs.
///   reference(questions)      the same under the base model (z = 1). Asked for only where the KL
///                             coefficient is not 0
///   reward(question, action)  of taking the action, ±1 for instance
///   backward(dscores, dz)     dz += Σ dL/dscore · ∂score/∂z for the most recent score()
template <class E>
concept policy_environment =
    requires(E& env, E const& constant, std::span<float const> z,
             std::span<std::size_t const> questions, action_table<float> const& dscores,
             std::span<float> dz) {
      { constant.size() } -> std::convertible_to<std::size_t>;
      { env.score(z, questions) } -> std::same_as<action_table<float>>;
      { env.reference(questions) } -> std::same_as<action_table<float>>;
      { constant.reward(std::size_t{}, std::size_t{}) } -> std::convertible_to<float>;
      env.backward(dscores, dz);
    };

}  // namespace svf
