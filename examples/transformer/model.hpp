// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <span>
#include <vector>

#include "checkpoint.hpp"
#include "config.hpp"
#include "layers.hpp"
#include "token_batch.hpp"
#include "weights.hpp"

namespace llama {

/// What a forward pass over T rows keeps for the backward pass.
struct layer_activations {
  svf::matrix<float> input;            // (T, d) residual stream on entry
  svf::vector<float> inverse_rms;      // (T)
  svf::matrix<float> normed;           // (T, d) input of q, k, v
  svf::matrix<float> q, k, v;          // (T, heads·hd), (T, kv·hd) ×2, rotated
  svf::matrix<float> attended;         // (T, heads·hd) input of o
  svf::matrix<float> middle;           // (T, d) residual stream after attention
  svf::vector<float> mlp_inverse_rms;  // (T)
  svf::matrix<float> mlp_normed;       // (T, d) input of gate, up
  svf::matrix<float> gate, up;         // (T, hidden)
  svf::matrix<float> product;          // (T, hidden) input of down
};

struct activations {
  std::vector<layer_activations> layers;
  svf::matrix<float> output;       // (T, d) residual stream after the last layer
  svf::vector<float> inverse_rms;  // (T)
};

/// What the backward pass shows on its way, last layer first. A z-gradient needs `projection`
/// alone; training from scratch takes everything.
class backward_visitor {
 public:
  virtual ~backward_visitor() = default;

  /// Inputs x (T×in) and output gradients δ (T×out) of one linear map: dL/dW = δᵀ x.
  virtual void projection_gradient(index_t layer, projection p, const_rows x, const_rows delta) = 0;
  /// Where the gradient of a norm's weights is added (d), or an empty view to skip it.
  virtual svf::vector_view<float> attention_norm_gradient(index_t) { return {}; }
  virtual svf::vector_view<float> mlp_norm_gradient(index_t) { return {}; }
  virtual svf::vector_view<float> output_norm_gradient() { return {}; }
  /// dL/d(embedding rows) of the batch's tokens (T×d).
  virtual void embedding_gradient(std::span<token const>, const_rows) {}
  virtual bool stop_at_layer(index_t) const { return false; }
};

/// Keys and values of one sequence for decoding token by token.
class kv_cache {
 public:
  kv_cache(config const& c, index_t capacity);

  index_t length() const { return length_; }
  index_t capacity() const { return capacity_; }

 private:
  friend class model;
  std::vector<svf::matrix<float>> keys_;    // per layer (capacity, kv·hd)
  std::vector<svf::matrix<float>> values_;  // per layer (capacity, kv·hd)
  index_t length_ = 0;
  index_t capacity_ = 0;
};

/// A Llama-architecture decoder in float32. Copies have weights of their own and share the rotary
/// table.
class model {
 public:
  /// Copies the weights of a checkpoint that passed `validate`.
  explicit model(checkpoint const& source);
  /// Throws `svf::error{shape}` if a weight does not have the shape that `c` asks for.
  model(config const& c, weights w);

  config const& cfg() const { return config_; }
  weights const& parameters() const { return weights_; }
  weights& parameters() { return weights_; }

  /// Hidden states after the last norm (T×d) of a packed batch. With `keep`, also what `backward`
  /// needs. Throws `svf::error{shape}` for ids outside the vocabulary or positions outside the
  /// context.
  svf::matrix<float> forward(cpu_policy& exec, token_batch const& batch,
                             activations* keep = nullptr) const;

  /// logits (N×vocabulary) of hidden states (N×d).
  void project(cpu_policy& exec, const_rows hidden, mutable_rows logits) const;

  /// Visits all gradients from `dhidden` = dL/d(result of forward) (T×d). Uses up `kept`.
  void backward(cpu_policy& exec, token_batch const& batch, activations& kept,
                const_rows dhidden, backward_visitor& visitor) const;

  /// Hidden states after the last norm of `ids` that follow what the cache holds; appends them to
  /// the cache. Throws `svf::error{shape}` if they do not fit its capacity.
  svf::matrix<float> extend(cpu_policy& exec, kv_cache& cache, std::span<token const> ids) const;

 private:
  svf::matrix<float> embed(std::span<token const> ids) const;

  config config_;
  weights weights_;
  std::shared_ptr<rotary_table const> rotary_;  // one for all copies
};

}  // namespace llama
