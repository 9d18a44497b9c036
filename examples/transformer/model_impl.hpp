// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "model.hpp"

#include <algorithm>
#include <cstddef>
#include <string>
#include <utility>

#include <svfmath/core/transfer.hpp>

#include "operand.hpp"

/// The members of model.hpp's classes. A unit that instantiates them includes before this the
/// headers layers.hpp and attention.hpp of its engine, and its backend of svfmath.
namespace llama {

namespace detail {

// y ← keep·y + x Wᵀ
template <engine E, class Y>
void add_linear(typename E::policy& exec, operand_rows<E> x, operand_matrix<E> const& w, Y y,
                float keep = 1.0f) {
  gemm(exec, 1.0f, x, transposed(w.view()), keep, y);
}

template <engine E>
operand_matrix<E> linear(typename E::policy& exec, operand_matrix<E> const& x,
                         operand_matrix<E> const& w) {
  auto y = svf::make_matrix<typename E::weight>(exec, x.rows(), w.rows());
  add_linear<E>(exec, x.view(), w, y.view(), 0.0f);
  return y;
}

// dx ← keep·dx + δ W
template <engine E, class X>
void back_through(typename E::policy& exec, operand_rows<E> delta, operand_matrix<E> const& w, X dx,
                  float keep) {
  gemm(exec, 1.0f, delta, w.view(), keep, dx);
}

template <class W>
void expect_shape(W const& w, extent e, std::string const& name) {
  svf::expects(w.rows() == e.rows && w.cols() == e.cols, svf::error_kind::shape,
               "llama::model: expected ", name, " ", e.rows, "x", e.cols, ", got ", w.rows(), "x",
               w.cols());
}

template <engine E>
operand_matrix<E> placed(typename E::policy& exec, svf::matrix<float> const& w) {
  auto result = svf::make_matrix<typename E::weight>(exec, w.rows(), w.cols());
  copy(exec, w.view(), result.view());
  return result;
}

template <engine E>
float_vector<E> placed_norm(typename E::policy& exec, svf::matrix<float> const& row) {
  return svf::vector_on(exec, svf::vector_view<float const>(row.data(), row.size()));
}

template <engine E>
basic_weights<E> weights_of(typename E::policy& exec, checkpoint const& source) {
  auto const matrix = [&](std::string const& name) {
    return placed<E>(exec, source.matrix(name));
  };
  auto const norm = [&](std::string const& name) {
    return placed_norm<E>(exec, source.matrix(name));
  };
  basic_weights<E> w;
  w.embedding = matrix(source.embedding());
  w.output_norm = norm(source.output_norm());
  if (!source.cfg.tied_output) {
    w.output = matrix(source.output());
  }
  for (index_t l = 0; l < source.cfg.layers; ++l) {
    layer_names const names = source.names(l);
    w.layers.push_back({norm(names.attn_norm),
                        {matrix(names.q), matrix(names.k), matrix(names.v), matrix(names.o),
                         matrix(names.gate), matrix(names.up), matrix(names.down)},
                        norm(names.ffn_norm)});
  }
  return w;
}

template <engine E>
float_matrix<E> copy_of(typename E::policy& exec, float_matrix<E> const& x) {
  auto result = svf::make_matrix<float>(exec, x.rows(), x.cols());
  copy(exec, x.view(), result.view());
  return result;
}

}  // namespace detail

template <engine E>
basic_kv_cache<E>::basic_kv_cache(typename E::policy& exec, config const& c, index_t capacity)
    : capacity_(capacity) {
  for (index_t l = 0; l < c.layers; ++l) {
    keys_.push_back(svf::make_matrix<typename E::weight>(exec, capacity, c.kv_width()));
    values_.push_back(svf::make_matrix<typename E::weight>(exec, capacity, c.kv_width()));
  }
}

template <engine E>
basic_model<E>::basic_model(policy& exec, checkpoint const& source)
    : basic_model(exec, source.cfg, detail::weights_of<E>(exec, source)) {}

template <engine E>
basic_model<E>::basic_model(policy& exec, config const& c, basic_weights<E> w)
    : config_(c),
      weights_(std::move(w)),
      rotary_(std::make_shared<rotary_table<space_of<E>> const>(make_rotary_table(exec, c))) {
  expect_supported<E>(c);
  svf::expects(index_t(weights_.layers.size()) == c.layers, svf::error_kind::shape,
               "llama::model: expected ", c.layers, " layers, got ", weights_.layers.size());
  detail::expect_shape(weights_.embedding, {c.vocabulary, c.width}, "embedding");
  detail::expect_shape(weights_.output_matrix(), {c.vocabulary, c.width}, "output");
  for (index_t l = 0; l < c.layers; ++l) {
    auto const& layer = weights_.layers[std::size_t(l)];
    for (projection p : all_projections) {
      detail::expect_shape(layer[p], projection_extent(c, p),
                           "projection " + std::to_string(int(p)) + " of layer " +
                               std::to_string(l));
    }
    svf::expects(layer.attention_norm.size() == c.width && layer.mlp_norm.size() == c.width,
                 svf::error_kind::shape, "llama::model: expected norms of size ", c.width,
                 " in layer ", l);
  }
  svf::expects(weights_.output_norm.size() == c.width, svf::error_kind::shape,
               "llama::model: expected an output norm of size ", c.width, ", got ",
               weights_.output_norm.size());
}

template <engine E>
float_matrix<E> basic_model<E>::embed(policy& exec, std::span<token const> ids) const {
  std::vector<index_t> rows;
  rows.reserve(ids.size());
  for (token const id : ids) {
    svf::expects(id >= 0 && id < config_.vocabulary, svf::error_kind::shape,
                 "llama::model: expected token ids below ", config_.vocabulary, ", got ", id);
    rows.push_back(id);
  }
  auto x = svf::make_matrix<float>(exec, index_t(ids.size()), config_.width);
  gather_rows(exec, weights_.embedding.view(),
              svf::vector_view<index_t const>(rows.data(), index_t(rows.size())), x.view());
  return x;
}

template <engine E>
operand_matrix<E> basic_model<E>::forward(policy& exec, token_batch const& batch,
                                          basic_activations<E>* keep) const {
  for (std::int32_t position : batch.positions()) {
    svf::expects(position < config_.context, svf::error_kind::shape,
                 "llama::model: expected at most ", config_.context, " tokens in a sequence, got ",
                 position + 1);
  }
  using weight = typename E::weight;
  index_t const rows = batch.rows();
  float const epsilon = config_.rms_epsilon;
  auto const positions = svf::vector_on(exec, batch.positions());
  auto const& plan = plan_attention(exec, config_, batch);
  auto x = embed(exec, batch.ids());
  if (keep != nullptr) {
    keep->layers.clear();
    keep->layers.reserve(weights_.layers.size());
  }
  for (auto const& w : weights_.layers) {
    basic_layer_activations<E> a;
    a.inverse_rms = svf::make_vector<float>(exec, rows);
    a.mlp_inverse_rms = svf::make_vector<float>(exec, rows);
    a.normed = svf::make_matrix<weight>(exec, rows, config_.width);
    a.mlp_normed = svf::make_matrix<weight>(exec, rows, config_.width);
    a.attended = svf::make_matrix<weight>(exec, rows, config_.query_width());
    a.log_sums = svf::make_matrix<float>(exec, rows, config_.heads);
    a.product = svf::make_matrix<weight>(exec, rows, config_.hidden);

    rms_norm(exec, as_const(x.view()), w.attention_norm.view(), epsilon, a.normed.view(),
             a.inverse_rms.view());
    a.q = detail::linear<E>(exec, a.normed, w[projection::q]);
    a.k = detail::linear<E>(exec, a.normed, w[projection::k]);
    a.v = detail::linear<E>(exec, a.normed, w[projection::v]);
    rotate(exec, *rotary_, a.q.view(), positions.view(), 1);
    rotate(exec, *rotary_, a.k.view(), positions.view(), 1);
    attention(exec, config_, plan, as_const(a.q.view()), as_const(a.k.view()),
              as_const(a.v.view()), a.attended.view(), a.log_sums.view());
    if (keep != nullptr) {
      a.input = detail::copy_of<E>(exec, x);
    }
    detail::add_linear<E>(exec, a.attended.view(), w[projection::o], x.view());

    rms_norm(exec, as_const(x.view()), w.mlp_norm.view(), epsilon, a.mlp_normed.view(),
             a.mlp_inverse_rms.view());
    a.gate = detail::linear<E>(exec, a.mlp_normed, w[projection::gate]);
    a.up = detail::linear<E>(exec, a.mlp_normed, w[projection::up]);
    swiglu(exec, as_const(a.gate.view()), as_const(a.up.view()), a.product.view());
    if (keep != nullptr) {
      a.middle = detail::copy_of<E>(exec, x);
    }
    detail::add_linear<E>(exec, a.product.view(), w[projection::down], x.view());
    if (keep != nullptr) {
      keep->layers.push_back(std::move(a));
    }
  }
  auto hidden = svf::make_matrix<weight>(exec, rows, config_.width);
  auto inverse_rms = svf::make_vector<float>(exec, rows);
  rms_norm(exec, as_const(x.view()), weights_.output_norm.view(), epsilon, hidden.view(),
           inverse_rms.view());
  if (keep != nullptr) {
    keep->output = std::move(x);
    keep->inverse_rms = std::move(inverse_rms);
  }
  return hidden;
}

template <engine E>
void basic_model<E>::project(policy& exec, operand_rows<E> hidden,
                             mutable_float_rows<E> logits) const {
  gemm(exec, 1.0f, hidden, transposed(weights_.output_matrix().view()), 0.0f, logits);
}

template <engine E>
void basic_model<E>::backward(policy& exec, token_batch const& batch, basic_activations<E>& kept,
                              float_rows<E> dhidden, basic_backward_visitor<E>& visitor) const {
  using weight = typename E::weight;
  index_t const rows = batch.rows();
  auto const positions = svf::vector_on(exec, batch.positions());
  auto const& plan = plan_attention(exec, config_, batch);
  auto dx = svf::make_matrix<float>(exec, rows, config_.width);  // of the residual stream
  transform(exec, svf::vector_view<float, space_of<E>>(dx.data(), dx.size()),
            svf::detail::constant<float>{0.0f});
  rms_norm_backward(exec, as_const(kept.output.view()), weights_.output_norm.view(),
                    as_const(kept.inverse_rms.view()), dhidden, dx.view(),
                    visitor.output_norm_gradient());

  auto dproduct = svf::make_matrix<weight>(exec, rows, config_.hidden);
  auto dgate = svf::make_matrix<weight>(exec, rows, config_.hidden);
  auto dup = svf::make_matrix<weight>(exec, rows, config_.hidden);
  auto dnormed = svf::make_matrix<float>(exec, rows, config_.width);
  auto dattended = svf::make_matrix<weight>(exec, rows, config_.query_width());
  auto dq = svf::make_matrix<weight>(exec, rows, config_.query_width());
  auto dk = svf::make_matrix<weight>(exec, rows, config_.kv_width());
  auto dv = svf::make_matrix<weight>(exec, rows, config_.kv_width());
  for (index_t l = config_.layers; l-- > 0;) {
    auto const& w = weights_.layers[std::size_t(l)];
    auto& a = kept.layers[std::size_t(l)];
    {
      operand<E> const delta(exec, dx.view());
      visitor.projection_gradient(l, projection::down, a.product.view(), delta.view());
      detail::back_through<E>(exec, delta.view(), w[projection::down], dproduct.view(), 0.0f);
    }
    swiglu_backward(exec, as_const(dproduct.view()), as_const(a.gate.view()),
                    as_const(a.up.view()), dgate.view(), dup.view());
    visitor.projection_gradient(l, projection::up, a.mlp_normed.view(), as_const(dup.view()));
    visitor.projection_gradient(l, projection::gate, a.mlp_normed.view(), as_const(dgate.view()));
    detail::back_through<E>(exec, as_const(dgate.view()), w[projection::gate], dnormed.view(),
                            0.0f);
    detail::back_through<E>(exec, as_const(dup.view()), w[projection::up], dnormed.view(), 1.0f);
    rms_norm_backward(exec, as_const(a.middle.view()), w.mlp_norm.view(),
                      as_const(a.mlp_inverse_rms.view()), as_const(dnormed.view()), dx.view(),
                      visitor.mlp_norm_gradient(l));
    {
      operand<E> const delta(exec, dx.view());
      visitor.projection_gradient(l, projection::o, a.attended.view(), delta.view());
      detail::back_through<E>(exec, delta.view(), w[projection::o], dattended.view(), 0.0f);
    }
    attention_backward(exec, config_, plan, as_const(a.q.view()), as_const(a.k.view()),
                       as_const(a.v.view()), as_const(a.attended.view()),
                       as_const(a.log_sums.view()), as_const(dattended.view()), dq.view(),
                       dk.view(), dv.view());
    rotate(exec, *rotary_, dq.view(), positions.view(), -1);
    rotate(exec, *rotary_, dk.view(), positions.view(), -1);
    visitor.projection_gradient(l, projection::q, a.normed.view(), as_const(dq.view()));
    visitor.projection_gradient(l, projection::k, a.normed.view(), as_const(dk.view()));
    visitor.projection_gradient(l, projection::v, a.normed.view(), as_const(dv.view()));
    if (visitor.stop_at_layer(l)) {
      return;
    }
    detail::back_through<E>(exec, as_const(dq.view()), w[projection::q], dnormed.view(), 0.0f);
    detail::back_through<E>(exec, as_const(dk.view()), w[projection::k], dnormed.view(), 1.0f);
    detail::back_through<E>(exec, as_const(dv.view()), w[projection::v], dnormed.view(), 1.0f);
    rms_norm_backward(exec, as_const(a.input.view()), w.attention_norm.view(),
                      as_const(a.inverse_rms.view()), as_const(dnormed.view()), dx.view(),
                      visitor.attention_norm_gradient(l));
    a = {};
  }
  visitor.embedding_gradient(batch.ids(), as_const(dx.view()));
}

template <engine E>
operand_matrix<E> basic_model<E>::extend(policy& exec, basic_kv_cache<E>& cache,
                                         std::span<token const> ids) const {
  using weight = typename E::weight;
  index_t const past = cache.length_;
  index_t const rows = index_t(ids.size());
  svf::expects(past + rows <= cache.capacity_ && past + rows <= config_.context,
               svf::error_kind::shape, "llama::model: expected at most ",
               std::min(cache.capacity_, config_.context), " tokens in the cache, got ",
               past + rows);
  std::vector<std::int32_t> numbers(ids.size());
  for (std::size_t t = 0; t < ids.size(); ++t) {
    numbers[t] = std::int32_t(past) + std::int32_t(t);
  }
  auto const positions = svf::vector_on(exec, numbers);
  float const epsilon = config_.rms_epsilon;
  auto x = embed(exec, ids);
  auto normed = svf::make_matrix<weight>(exec, rows, config_.width);
  auto inverse_rms = svf::make_vector<float>(exec, rows);
  auto attended = svf::make_matrix<weight>(exec, rows, config_.query_width());
  auto product = svf::make_matrix<weight>(exec, rows, config_.hidden);
  for (std::size_t l = 0; l < weights_.layers.size(); ++l) {
    auto const& w = weights_.layers[l];
    rms_norm(exec, as_const(x.view()), w.attention_norm.view(), epsilon, normed.view(),
             inverse_rms.view());
    auto q = detail::linear<E>(exec, normed, w[projection::q]);
    auto const k = cache.keys_[l].view().rows_range(past, rows);
    auto const v = cache.values_[l].view().rows_range(past, rows);
    detail::add_linear<E>(exec, as_const(normed.view()), w[projection::k], k, 0.0f);
    detail::add_linear<E>(exec, as_const(normed.view()), w[projection::v], v, 0.0f);
    rotate(exec, *rotary_, q.view(), positions.view(), 1);
    rotate(exec, *rotary_, k, positions.view(), 1);
    cached_attention(exec, config_, past, as_const(q.view()),
                     as_const(cache.keys_[l].view().rows_range(0, past + rows)),
                     as_const(cache.values_[l].view().rows_range(0, past + rows)),
                     attended.view());
    detail::add_linear<E>(exec, as_const(attended.view()), w[projection::o], x.view());

    rms_norm(exec, as_const(x.view()), w.mlp_norm.view(), epsilon, normed.view(),
             inverse_rms.view());
    auto const gate = detail::linear<E>(exec, normed, w[projection::gate]);
    auto const up = detail::linear<E>(exec, normed, w[projection::up]);
    swiglu(exec, gate.view(), up.view(), product.view());
    detail::add_linear<E>(exec, as_const(product.view()), w[projection::down], x.view());
  }
  cache.length_ = past + rows;
  rms_norm(exec, as_const(x.view()), weights_.output_norm.view(), epsilon, normed.view(),
           inverse_rms.view());
  return normed;
}

}  // namespace llama
