// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <span>
#include <vector>

#include "checkpoint.hpp"
#include "config.hpp"
#include "engine.hpp"
#include "rotary_table.hpp"
#include "token_batch.hpp"
#include "weights.hpp"

namespace llama {

/// What a forward pass over T rows keeps for the backward pass.
template <engine E>
struct basic_layer_activations {
  float_matrix<E> input;            // (T, d) residual stream on entry
  float_vector<E> inverse_rms;      // (T)
  operand_matrix<E> normed;         // (T, d) input of q, k, v
  operand_matrix<E> q, k, v;        // (T, heads·hd), (T, kv·hd) ×2, rotated
  operand_matrix<E> attended;       // (T, heads·hd) input of o
  float_matrix<E> log_sums;         // (T, heads) log Σ exp of a row's attention scores
  float_matrix<E> middle;           // (T, d) residual stream after attention
  float_vector<E> mlp_inverse_rms;  // (T)
  operand_matrix<E> mlp_normed;     // (T, d) input of gate, up
  operand_matrix<E> gate, up;       // (T, hidden)
  operand_matrix<E> product;        // (T, hidden) input of down
};

template <engine E>
struct basic_activations {
  std::vector<basic_layer_activations<E>> layers;
  float_matrix<E> output;       // (T, d) residual stream after the last layer
  float_vector<E> inverse_rms;  // (T)
};

/// What the backward pass shows on its way, last layer first. A z-gradient needs `projection`
/// alone; training from scratch takes everything.
template <engine E>
class basic_backward_visitor {
 public:
  using gradient_view = svf::vector_view<float, space_of<E>>;

  virtual ~basic_backward_visitor() = default;

  /// Inputs x (T×in) and output gradients δ (T×out) of one linear map: dL/dW = δᵀ x.
  virtual void projection_gradient(index_t layer, projection p, operand_rows<E> x,
                                   operand_rows<E> delta) = 0;
  /// Where the gradient of a norm's weights is added (d), or an empty view to skip it.
  virtual gradient_view attention_norm_gradient(index_t) { return {}; }
  virtual gradient_view mlp_norm_gradient(index_t) { return {}; }
  virtual gradient_view output_norm_gradient() { return {}; }
  /// dL/d(embedding rows) of the batch's tokens (T×d).
  virtual void embedding_gradient(std::span<token const>, float_rows<E>) {}
  virtual bool stop_at_layer(index_t) const { return false; }
};

/// Keys and values of one sequence for decoding token by token.
template <engine E>
class basic_kv_cache {
 public:
  basic_kv_cache(typename E::policy& exec, config const& c, index_t capacity);

  index_t length() const { return length_; }
  index_t capacity() const { return capacity_; }

 private:
  template <engine>
  friend class basic_model;
  std::vector<operand_matrix<E>> keys_;    // per layer (capacity, kv·hd)
  std::vector<operand_matrix<E>> values_;  // per layer (capacity, kv·hd)
  index_t length_ = 0;
  index_t capacity_ = 0;
};

/// A Llama-architecture decoder on an engine. Copies, where its memory can be copied, have weights
/// of their own and share the rotary table.
template <engine E>
class basic_model {
 public:
  using policy = typename E::policy;

  /// Copies the weights of a checkpoint that passed `validate`, rounded to the engine's type.
  basic_model(policy& exec, checkpoint const& source);
  /// Throws `svf::error{shape}` if a weight does not have the shape that `c` asks for.
  basic_model(policy& exec, config const& c, basic_weights<E> w);

  config const& cfg() const { return config_; }
  basic_weights<E> const& parameters() const { return weights_; }
  basic_weights<E>& parameters() { return weights_; }

  /// Hidden states after the last norm (T×d) of a packed batch. With `keep`, also what `backward`
  /// needs. Throws `svf::error{shape}` for ids outside the vocabulary or positions outside the
  /// context.
  operand_matrix<E> forward(policy& exec, token_batch const& batch,
                            basic_activations<E>* keep = nullptr) const;

  /// logits (N×vocabulary) of hidden states (N×d).
  void project(policy& exec, operand_rows<E> hidden, mutable_float_rows<E> logits) const;

  /// Visits all gradients from `dhidden` = dL/d(result of forward) (T×d). Uses up `kept`.
  void backward(policy& exec, token_batch const& batch, basic_activations<E>& kept,
                float_rows<E> dhidden, basic_backward_visitor<E>& visitor) const;

  /// Hidden states after the last norm of `ids` that follow what the cache holds; appends them to
  /// the cache. Throws `svf::error{shape}` if they do not fit its capacity.
  operand_matrix<E> extend(policy& exec, basic_kv_cache<E>& cache,
                           std::span<token const> ids) const;

 private:
  float_matrix<E> embed(policy& exec, std::span<token const> ids) const;

  config config_;
  basic_weights<E> weights_;
  std::shared_ptr<rotary_table<space_of<E>> const> rotary_;  // one for all copies
};

using activations = basic_activations<cpu_engine>;
using backward_visitor = basic_backward_visitor<cpu_engine>;
using kv_cache = basic_kv_cache<cpu_engine>;
using model = basic_model<cpu_engine>;

extern template class basic_kv_cache<cpu_engine>;
extern template class basic_model<cpu_engine>;

}  // namespace llama
