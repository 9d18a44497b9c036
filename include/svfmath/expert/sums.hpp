// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <concepts>
#include <span>
#include <string_view>

#include <svfmath/core/error.hpp>
#include <svfmath/core/matrix.hpp>
#include <svfmath/core/view_conversion.hpp>
#include <svfmath/expert/bank.hpp>
#include <svfmath/expert/detail/blend.hpp>
#include <svfmath/expert/expert.hpp>

/// Weighted sums of K experts, with one weight per expert, per expert and layer, or per expert and
/// site. Two sums are told apart by name:
///
///   weighted_sum   z = 1 + Σ_k α_k (z_k − 1)    the sum of weight changes: α = 0 is the base model
///   mixture        z = Σ_k α_k z_k              the paper's mixture of strategy C
///
/// They agree where Σα = 1. Any sign is allowed. Values are computed in double in the order of the
/// experts and rounded to float once; a one-hot α gives that expert exactly, in both. O(KD).
/// All throw `error{shape}` for K = 0, for weights of the wrong size and for layouts that differ
/// (naming the experts), and `error{numeric}` for weights or results that are not finite.
namespace svf {

/// A bank, or anything that converts to a span of experts.
template <class X>
concept expert_set =
    std::same_as<X, bank> || std::convertible_to<X const&, std::span<expert const>>;

namespace detail {

/// α (K) as doubles, K×1.
template <vector_like Weights>
matrix<double> weight_column(Weights const& alpha) {
  auto const view = as_vector(alpha);
  matrix<double> result(view.size, 1);
  for (index_t k = 0; k < view.size; ++k) {
    result(k, 0) = double(view[k]);
  }
  return result;
}

/// A (K×`cols`) as doubles.
template <matrix_like Weights>
matrix<double> weight_table(std::string_view where, Weights const& weights, index_t cols) {
  auto const view = as_matrix(weights);
  expects(view.cols == cols, error_kind::shape, where, ": expected ", cols,
          " weights for each expert, got ", view.cols);
  matrix<double> result(view.rows, cols);
  for (index_t k = 0; k < view.rows; ++k) {
    for (index_t c = 0; c < cols; ++c) {
      result(k, c) = double(view(k, c));
    }
  }
  return result;
}

template <expert_set Experts, vector_like Weights>
expert blend_all(std::string_view where, Experts const& experts, Weights const& alpha,
                 remainder rest) {
  return blend(where, rows_of(where, experts), weight_column(alpha).view(), rest,
               [](site const&) { return index_t{0}; });
}

template <expert_set Experts, matrix_like Weights>
expert blend_layers(std::string_view where, Experts const& experts, Weights const& weights,
                    remainder rest) {
  auto const rows = rows_of(where, experts);
  auto const table = weight_table(where, weights, rows.layout->layers());
  return blend(where, rows, table.view(), rest, [](site const& each) { return each.layer; });
}

template <expert_set Experts, matrix_like Weights>
expert blend_sites(std::string_view where, Experts const& experts, Weights const& weights,
                   remainder rest) {
  auto const rows = rows_of(where, experts);
  auto const table = weight_table(where, weights, rows.layout->count());
  site const* const first = rows.layout->sites().data();
  return blend(where, rows, table.view(), rest,
               [first](site const& each) { return index_t(&each - first); });
}

}  // namespace detail

/// z = 1 + Σ_k α_k (z_k − 1) for α (K).
template <expert_set Experts, vector_like Weights>
expert weighted_sum(Experts const& experts, Weights const& alpha) {
  return detail::blend_all("weighted_sum", experts, alpha, detail::remainder::identity);
}

/// z = Σ_k α_k z_k for α (K).
template <expert_set Experts, vector_like Weights>
expert mixture(Experts const& experts, Weights const& alpha) {
  return detail::blend_all("mixture", experts, alpha, detail::remainder::none);
}

/// `weighted_sum` with the weights A(·, l) on the sites of layer l, for A (K×L), L = layers().
template <expert_set Experts, matrix_like Weights>
expert per_layer_weighted_sum(Experts const& experts, Weights const& weights) {
  return detail::blend_layers("per_layer_weighted_sum", experts, weights,
                              detail::remainder::identity);
}

/// `mixture` with the weights A(·, l) on the sites of layer l, for A (K×L), L = layers().
template <expert_set Experts, matrix_like Weights>
expert per_layer_mixture(Experts const& experts, Weights const& weights) {
  return detail::blend_layers("per_layer_mixture", experts, weights, detail::remainder::none);
}

/// `weighted_sum` with the weights A(·, s) on site s, for A (K×S), S = count().
template <expert_set Experts, matrix_like Weights>
expert per_site_weighted_sum(Experts const& experts, Weights const& weights) {
  return detail::blend_sites("per_site_weighted_sum", experts, weights,
                             detail::remainder::identity);
}

/// `mixture` with the weights A(·, s) on site s, for A (K×S), S = count().
template <expert_set Experts, matrix_like Weights>
expert per_site_mixture(Experts const& experts, Weights const& weights) {
  return detail::blend_sites("per_site_mixture", experts, weights, detail::remainder::none);
}

}  // namespace svf
