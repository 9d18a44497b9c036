// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "option_scores.hpp"

#include <cmath>
#include <vector>

#include "predictions.hpp"

/// The functions of option_scores.hpp. A unit that instantiates them includes its backend of
/// svfmath before.
namespace llama {

template <engine E>
void append_scores(typename E::policy& exec, basic_model<E> const& m, choice_batch const& batch,
                   operand_rows<E> hidden, std::span<encoded_question const* const> questions,
                   svf::action_table<float>& table) {
  std::vector<double> sums(batch.options());
  log_probabilities(exec, m, batch.wanted(), hidden, sums);
  std::vector<float> const scores(sums.begin(), sums.end());
  for (std::size_t q = 0; q < batch.questions(); ++q) {
    auto const offsets = batch.offsets();
    auto const row = std::span(scores).subspan(offsets[q], offsets[q + 1] - offsets[q]);
    for (float const score : row) {
      svf::expects(std::isfinite(score), svf::error_kind::numeric,
                   prefix_of(questions[q]->where), "expected finite log-probabilities of the ",
                   "options, got ", score, ": the weights, or the expert's z, are too large for ",
                   "float32");
    }
    table.push_row(row);
  }
}

template <engine E>
svf::action_table<float> option_scores(typename E::policy& exec, basic_model<E> const& m,
                                       std::span<encoded_question const* const> questions,
                                       index_t rows_at_a_time) {
  svf::action_table<float> table;
  for (choice_batch const& batch : pack(questions, rows_at_a_time)) {
    auto const hidden = m.forward(exec, batch.tokens());
    append_scores(exec, m, batch, hidden.view(),
                  questions.subspan(table.questions(), batch.questions()), table);
  }
  return table;
}

template <engine E>
svf::action_table<float> option_scores(typename E::policy& exec, basic_model<E> const& m,
                                       std::span<encoded_question const> questions,
                                       index_t rows_at_a_time) {
  std::vector<encoded_question const*> pointers;
  for (auto const& question : questions) {
    pointers.push_back(&question);
  }
  return option_scores(exec, m, std::span<encoded_question const* const>(pointers),
                       rows_at_a_time);
}

}  // namespace llama
