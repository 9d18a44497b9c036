// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <span>
#include <vector>

#include <svfmath/learn/adamw.hpp>
#include <transformer/model.hpp>

/// Training of all weights of a model with a tied output, from scratch.
namespace tiny {

/// Gradients of all weights, summed while a backward pass goes by.
class full_gradient : public llama::backward_visitor {
 public:
  full_gradient(llama::cpu_policy& exec, llama::config const& c);

  void projection_gradient(llama::index_t layer, llama::projection p, llama::const_rows x,
                           llama::const_rows delta) override;
  svf::vector_view<float> attention_norm_gradient(llama::index_t layer) override;
  svf::vector_view<float> mlp_norm_gradient(llama::index_t layer) override;
  svf::vector_view<float> output_norm_gradient() override;
  void embedding_gradient(std::span<llama::token const> ids, llama::const_rows rows) override;

  llama::weights& sums() { return sums_; }

 private:
  llama::cpu_policy& exec_;
  llama::weights sums_;
};

/// Zero weights of a configuration (norms too).
llama::weights zero_weights(llama::config const& c);

/// Calls `visit(std::span<float>)` for every tensor, always in the same order.
template <class Visit>
void for_each_tensor(llama::weights& w, Visit&& visit) {
  auto const span_of = [](auto& tensor) {
    return std::span<float>(tensor.data(), std::size_t(tensor.size()));
  };
  visit(span_of(w.embedding));
  for (llama::layer_weights& layer : w.layers) {
    visit(span_of(layer.attention_norm));
    for (auto& projection : layer.projections) {
      visit(span_of(projection));
    }
    visit(span_of(layer.mlp_norm));
  }
  visit(span_of(w.output_norm));
}

/// AdamW over all tensors, one task each on the policy's threads. The gradients, which are
/// cleared, are first scaled so that their norm is at most `limit`.
class weight_optimiser {
 public:
  explicit weight_optimiser(svf::adamw_options options) : options_(options) {}

  void step(llama::cpu_policy& exec, llama::weights& w, llama::weights& gradient, double limit,
            double learning_rate);

 private:
  svf::adamw_options options_;
  std::vector<svf::adamw_state> states_;
};

}  // namespace tiny
