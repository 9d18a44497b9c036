// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>

#include <svfmath/learn/action_table.hpp>

#include "choice.hpp"
#include "engine.hpp"
#include "model.hpp"

namespace llama {

/// The scores of a batch after its forward pass (`hidden`), appended to `table` a row per question.
/// `questions` are those of the batch. Throws `svf::error{numeric}` naming the question where a
/// score is not finite.
template <engine E>
void append_scores(typename E::policy& exec, basic_model<E> const& m, choice_batch const& batch,
                   operand_rows<E> hidden, std::span<encoded_question const* const> questions,
                   svf::action_table<float>& table);

/// log p(option | prompt) in nats, summed over the option's tokens: a row per question. The policy
/// over the options is the softmax of a row. Throws `svf::error{numeric}` naming the question where
/// one is not finite, as it happens when weights or an expert's z are too large for float32.
template <engine E>
svf::action_table<float> option_scores(typename E::policy& exec, basic_model<E> const& m,
                                       std::span<encoded_question const* const> questions,
                                       index_t rows_at_a_time = E::rows_at_a_time);
template <engine E>
svf::action_table<float> option_scores(typename E::policy& exec, basic_model<E> const& m,
                                       std::span<encoded_question const> questions,
                                       index_t rows_at_a_time = E::rows_at_a_time);

}  // namespace llama
