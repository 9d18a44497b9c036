// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <vector>

#include <svfmath/core/matrix.hpp>

#include "../engine.hpp"
#include "../logit_place.hpp"

/// What log-probabilities over the vocabulary and their derivatives are made of.
namespace llama {

/// log Σ_j exp(logits(i,j)) of every row, stable, summed in double.
svf::vector<double> log_sums_of_rows(cpu_policy& exec, const_rows logits);

/// The logits of some places.
std::vector<float> logits_at(cpu_policy& exec, const_rows logits,
                             std::span<logit_place const> places);

/// logits(i,:) ← −totals[i]·exp(logits(i,:) − log_sums(i)), to which coefficients[k] is added at
/// places[k], one by one. The rows of `places` ascend.
void softmax_gradient(cpu_policy& exec, mutable_rows logits,
                      svf::vector_view<double const> log_sums, std::span<float const> totals,
                      std::span<logit_place const> places,
                      std::span<float const> coefficients);

/// x ← 0.
void set_zero(cpu_policy& exec, mutable_rows x);

/// to(rows[i],:) ← from(i,:) for different rows.
void scatter_rows(cpu_policy& exec, const_rows from, std::span<index_t const> rows,
                  mutable_rows to);

}  // namespace llama
