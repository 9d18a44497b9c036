// SPDX-License-Identifier: Apache-2.0
#include "model.hpp"

#include <algorithm>
#include <string>
#include <utility>

#include <svfmath/cpu/blas.hpp>

#include "attention.hpp"

namespace llama {

namespace {

svf::matrix<float> linear(cpu_policy& exec, const_rows x, svf::matrix<float> const& w) {
  svf::matrix<float> y(x.rows, w.rows());
  gemm(exec, 1.0f, x, transposed(w.view()), 0.0f, y.view());
  return y;
}

// y += x Wᵀ
void add_linear(cpu_policy& exec, const_rows x, svf::matrix<float> const& w, mutable_rows y) {
  gemm(exec, 1.0f, x, transposed(w.view()), 1.0f, y);
}

// dx += δ W, or dx = δ W with keep = 0
void back_through(cpu_policy& exec, const_rows delta, svf::matrix<float> const& w,
                  mutable_rows dx, float keep) {
  gemm(exec, 1.0f, delta, w.view(), keep, dx);
}

void expect_shape(svf::matrix<float> const& w, extent e, std::string const& name) {
  svf::expects(w.rows() == e.rows && w.cols() == e.cols, svf::error_kind::shape,
               "llama::model: expected ", name, " ", e.rows, "x", e.cols, ", got ", w.rows(), "x",
               w.cols());
}

svf::vector<float> as_norm(svf::matrix<float> const& row) {
  svf::vector<float> result(row.size());
  std::copy_n(row.data(), row.size(), result.data());
  return result;
}

weights weights_of(checkpoint const& source) {
  weights w;
  w.embedding = source.matrix(source.embedding());
  w.output_norm = as_norm(source.matrix(source.output_norm()));
  if (!source.cfg.tied_output) {
    w.output = source.matrix(source.output());
  }
  for (index_t l = 0; l < source.cfg.layers; ++l) {
    layer_names const names = source.names(l);
    w.layers.push_back({as_norm(source.matrix(names.attn_norm)),
                        {source.matrix(names.q), source.matrix(names.k), source.matrix(names.v),
                         source.matrix(names.o), source.matrix(names.gate),
                         source.matrix(names.up), source.matrix(names.down)},
                        as_norm(source.matrix(names.ffn_norm))});
  }
  return w;
}

}  // namespace

kv_cache::kv_cache(config const& c, index_t capacity) : capacity_(capacity) {
  for (index_t l = 0; l < c.layers; ++l) {
    keys_.emplace_back(capacity, c.kv_width());
    values_.emplace_back(capacity, c.kv_width());
  }
}

model::model(checkpoint const& source) : model(source.cfg, weights_of(source)) {}

model::model(config const& c, weights w)
    : config_(c), weights_(std::move(w)), rotary_(std::make_shared<rotary_table const>(c)) {
  svf::expects(index_t(weights_.layers.size()) == c.layers, svf::error_kind::shape,
               "llama::model: expected ", c.layers, " layers, got ", weights_.layers.size());
  expect_shape(weights_.embedding, {c.vocabulary, c.width}, "embedding");
  expect_shape(weights_.output_matrix(), {c.vocabulary, c.width}, "output");
  for (index_t l = 0; l < c.layers; ++l) {
    layer_weights const& layer = weights_.layers[std::size_t(l)];
    for (projection p : all_projections) {
      expect_shape(layer[p], projection_extent(c, p),
                   "projection " + std::to_string(int(p)) + " of layer " + std::to_string(l));
    }
    svf::expects(layer.attention_norm.size() == c.width && layer.mlp_norm.size() == c.width,
                 svf::error_kind::shape, "llama::model: expected norms of size ", c.width,
                 " in layer ", l);
  }
  svf::expects(weights_.output_norm.size() == c.width, svf::error_kind::shape,
               "llama::model: expected an output norm of size ", c.width, ", got ",
               weights_.output_norm.size());
}

svf::matrix<float> model::embed(std::span<token const> ids) const {
  svf::matrix<float> x(index_t(ids.size()), config_.width);
  for (std::size_t t = 0; t < ids.size(); ++t) {
    svf::expects(ids[t] >= 0 && ids[t] < config_.vocabulary, svf::error_kind::shape,
                 "llama::model: expected token ids below ", config_.vocabulary, ", got ", ids[t]);
    std::copy_n(weights_.embedding.data() + ids[t] * config_.width, config_.width,
                x.data() + index_t(t) * config_.width);
  }
  return x;
}

svf::matrix<float> model::forward(cpu_policy& exec, token_batch const& batch,
                                  activations* keep) const {
  for (std::int32_t position : batch.positions()) {
    svf::expects(position < config_.context, svf::error_kind::shape,
                 "llama::model: expected at most ", config_.context, " tokens in a sequence, got ",
                 position + 1);
  }
  index_t const rows = batch.rows();
  float const epsilon = config_.rms_epsilon;
  svf::matrix<float> x = embed(batch.ids());
  if (keep != nullptr) {
    keep->layers.clear();
    keep->layers.reserve(weights_.layers.size());
  }
  for (layer_weights const& w : weights_.layers) {
    layer_activations a;
    a.inverse_rms = svf::vector<float>(rows);
    a.mlp_inverse_rms = svf::vector<float>(rows);
    a.normed = svf::matrix<float>(rows, config_.width);
    a.mlp_normed = svf::matrix<float>(rows, config_.width);
    a.attended = svf::matrix<float>(rows, config_.query_width());
    a.product = svf::matrix<float>(rows, config_.hidden);

    rms_norm(exec, x.view(), w.attention_norm.view(), epsilon, a.normed.view(),
             a.inverse_rms.view());
    a.q = linear(exec, a.normed.view(), w[projection::q]);
    a.k = linear(exec, a.normed.view(), w[projection::k]);
    a.v = linear(exec, a.normed.view(), w[projection::v]);
    rotary_->rotate(exec, a.q.view(), batch.positions(), 1);
    rotary_->rotate(exec, a.k.view(), batch.positions(), 1);
    attention(exec, config_, batch, a.q.view(), a.k.view(), a.v.view(), a.attended.view());
    if (keep != nullptr) {
      a.input = x;
    }
    add_linear(exec, a.attended.view(), w[projection::o], x.view());

    rms_norm(exec, x.view(), w.mlp_norm.view(), epsilon, a.mlp_normed.view(),
             a.mlp_inverse_rms.view());
    a.gate = linear(exec, a.mlp_normed.view(), w[projection::gate]);
    a.up = linear(exec, a.mlp_normed.view(), w[projection::up]);
    swiglu(exec, a.gate.view(), a.up.view(), a.product.view());
    if (keep != nullptr) {
      a.middle = x;
    }
    add_linear(exec, a.product.view(), w[projection::down], x.view());
    if (keep != nullptr) {
      keep->layers.push_back(std::move(a));
    }
  }
  svf::matrix<float> hidden(rows, config_.width);
  svf::vector<float> inverse_rms(rows);
  rms_norm(exec, x.view(), weights_.output_norm.view(), epsilon, hidden.view(),
           inverse_rms.view());
  if (keep != nullptr) {
    keep->output = std::move(x);
    keep->inverse_rms = std::move(inverse_rms);
  }
  return hidden;
}

void model::project(cpu_policy& exec, const_rows hidden, mutable_rows logits) const {
  gemm(exec, 1.0f, hidden, transposed(weights_.output_matrix().view()), 0.0f, logits);
}

void model::backward(cpu_policy& exec, token_batch const& batch, activations& kept,
                     const_rows dhidden, backward_visitor& visitor) const {
  index_t const rows = batch.rows();
  svf::matrix<float> dx(rows, config_.width);  // gradient of the residual stream
  rms_norm_backward(exec, kept.output.view(), weights_.output_norm.view(),
                    kept.inverse_rms.view(), dhidden, dx.view(), visitor.output_norm_gradient());

  svf::matrix<float> dproduct(rows, config_.hidden);
  svf::matrix<float> dnormed(rows, config_.width);
  svf::matrix<float> dattended(rows, config_.query_width());
  svf::matrix<float> dq(rows, config_.query_width());
  svf::matrix<float> dk(rows, config_.kv_width());
  svf::matrix<float> dv(rows, config_.kv_width());
  for (index_t l = config_.layers; l-- > 0;) {
    layer_weights const& w = weights_.layers[std::size_t(l)];
    layer_activations& a = kept.layers[std::size_t(l)];

    visitor.projection_gradient(l, projection::down, a.product.view(), dx.view());
    back_through(exec, dx.view(), w[projection::down], dproduct.view(), 0.0f);
    swiglu_backward(exec, dproduct.view(), a.gate.view(), a.up.view());  // now their gradients
    visitor.projection_gradient(l, projection::up, a.mlp_normed.view(), a.up.view());
    visitor.projection_gradient(l, projection::gate, a.mlp_normed.view(), a.gate.view());
    back_through(exec, a.gate.view(), w[projection::gate], dnormed.view(), 0.0f);
    back_through(exec, a.up.view(), w[projection::up], dnormed.view(), 1.0f);
    rms_norm_backward(exec, a.middle.view(), w.mlp_norm.view(), a.mlp_inverse_rms.view(),
                      dnormed.view(), dx.view(), visitor.mlp_norm_gradient(l));

    visitor.projection_gradient(l, projection::o, a.attended.view(), dx.view());
    back_through(exec, dx.view(), w[projection::o], dattended.view(), 0.0f);
    attention_backward(exec, config_, batch, a.q.view(), a.k.view(), a.v.view(),
                       dattended.view(), dq.view(), dk.view(), dv.view());
    rotary_->rotate(exec, dq.view(), batch.positions(), -1);
    rotary_->rotate(exec, dk.view(), batch.positions(), -1);
    visitor.projection_gradient(l, projection::q, a.normed.view(), dq.view());
    visitor.projection_gradient(l, projection::k, a.normed.view(), dk.view());
    visitor.projection_gradient(l, projection::v, a.normed.view(), dv.view());
    if (visitor.stop_at_layer(l)) {
      return;
    }
    back_through(exec, dq.view(), w[projection::q], dnormed.view(), 0.0f);
    back_through(exec, dk.view(), w[projection::k], dnormed.view(), 1.0f);
    back_through(exec, dv.view(), w[projection::v], dnormed.view(), 1.0f);
    rms_norm_backward(exec, a.input.view(), w.attention_norm.view(), a.inverse_rms.view(),
                      dnormed.view(), dx.view(), visitor.attention_norm_gradient(l));
    a = {};
  }
  visitor.embedding_gradient(batch.ids(), dx.view());
}

svf::matrix<float> model::extend(cpu_policy& exec, kv_cache& cache,
                                 std::span<token const> ids) const {
  index_t const past = cache.length_;
  index_t const rows = index_t(ids.size());
  svf::expects(past + rows <= cache.capacity_ && past + rows <= config_.context,
               svf::error_kind::shape, "llama::model: expected at most ",
               std::min(cache.capacity_, config_.context), " tokens in the cache, got ",
               past + rows);
  std::vector<std::int32_t> positions(ids.size());
  for (std::size_t t = 0; t < ids.size(); ++t) {
    positions[t] = std::int32_t(past) + std::int32_t(t);
  }
  float const epsilon = config_.rms_epsilon;
  svf::matrix<float> x = embed(ids);
  svf::matrix<float> normed(rows, config_.width);
  svf::vector<float> inverse_rms(rows);
  svf::matrix<float> attended(rows, config_.query_width());
  svf::matrix<float> product(rows, config_.hidden);
  for (std::size_t l = 0; l < weights_.layers.size(); ++l) {
    layer_weights const& w = weights_.layers[l];
    rms_norm(exec, x.view(), w.attention_norm.view(), epsilon, normed.view(), inverse_rms.view());
    auto q = linear(exec, normed.view(), w[projection::q]);
    auto const k = cache.keys_[l].view().rows_range(past, rows);
    auto const v = cache.values_[l].view().rows_range(past, rows);
    gemm(exec, 1.0f, normed.view(), transposed(w[projection::k].view()), 0.0f, k);
    gemm(exec, 1.0f, normed.view(), transposed(w[projection::v].view()), 0.0f, v);
    rotary_->rotate(exec, q.view(), positions, 1);
    rotary_->rotate(exec, k, positions, 1);
    cached_attention(exec, config_, past, q.view(), cache.keys_[l].view().rows_range(0, past + rows),
                     cache.values_[l].view().rows_range(0, past + rows), attended.view());
    add_linear(exec, attended.view(), w[projection::o], x.view());

    rms_norm(exec, x.view(), w.mlp_norm.view(), epsilon, normed.view(), inverse_rms.view());
    auto const gate = linear(exec, normed.view(), w[projection::gate]);
    auto const up = linear(exec, normed.view(), w[projection::up]);
    swiglu(exec, gate.view(), up.view(), product.view());
    add_linear(exec, product.view(), w[projection::down], x.view());
  }
  cache.length_ = past + rows;
  rms_norm(exec, x.view(), weights_.output_norm.view(), epsilon, normed.view(),
           inverse_rms.view());
  return normed;
}

}  // namespace llama
