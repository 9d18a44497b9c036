// SPDX-License-Identifier: Apache-2.0
#include "full_gradient.hpp"

#include <algorithm>
#include <cmath>

#include <svfmath/cpu.hpp>

namespace tiny {

using llama::index_t;

llama::weights zero_weights(llama::config const& c) {
  llama::weights w;
  w.embedding = svf::matrix<float>(c.vocabulary, c.width);
  for (index_t l = 0; l < c.layers; ++l) {
    llama::layer_weights layer;
    layer.attention_norm = svf::vector<float>(c.width);
    layer.mlp_norm = svf::vector<float>(c.width);
    for (llama::projection const p : llama::all_projections) {
      auto const size = llama::projection_extent(c, p);
      layer[p] = svf::matrix<float>(size.rows, size.cols);
    }
    w.layers.push_back(std::move(layer));
  }
  w.output_norm = svf::vector<float>(c.width);
  return w;
}

full_gradient::full_gradient(llama::cpu_policy& exec, llama::config const& c)
    : exec_(exec), sums_(zero_weights(c)) {}

void full_gradient::projection_gradient(index_t layer, llama::projection p, llama::const_rows x,
                                        llama::const_rows delta) {
  gemm(exec_, 1.0f, transposed(delta), x, 1.0f, sums_.layers[std::size_t(layer)][p].view());
}

svf::vector_view<float> full_gradient::attention_norm_gradient(index_t layer) {
  return sums_.layers[std::size_t(layer)].attention_norm.view();
}

svf::vector_view<float> full_gradient::mlp_norm_gradient(index_t layer) {
  return sums_.layers[std::size_t(layer)].mlp_norm.view();
}

svf::vector_view<float> full_gradient::output_norm_gradient() { return sums_.output_norm.view(); }

void full_gradient::embedding_gradient(std::span<llama::token const> ids, llama::const_rows rows) {
  for (std::size_t t = 0; t < ids.size(); ++t) {
    float const* const from = rows.row(index_t(t)).data;
    float* const to = sums_.embedding.data() + index_t(ids[t]) * rows.cols;
    std::transform(from, from + rows.cols, to, to, std::plus<>());
  }
}

void weight_optimiser::step(llama::cpu_policy& exec, llama::weights& w, llama::weights& gradient,
                            double limit, double learning_rate) {
  std::vector<std::span<float>> parameters;
  std::vector<std::span<float>> gradients;
  for_each_tensor(w, [&](std::span<float> t) { parameters.push_back(t); });
  double squares = 0.0;
  for_each_tensor(gradient, [&](std::span<float> t) {
    gradients.push_back(t);
    for (float const g : t) {
      squares += double(g) * double(g);
    }
  });
  double const norm = std::sqrt(squares);
  float const scale = norm > limit ? float(limit / norm) : 1.0f;
  states_.resize(parameters.size());
  for_each_index(exec, index_t(parameters.size()), [&](index_t i) {
    auto const t = std::size_t(i);
    for (float& g : gradients[t]) {
      g *= scale;
    }
    svf::adamw_step(options_, states_[t], parameters[t], gradients[t], learning_rate);
    std::fill(gradients[t].begin(), gradients[t].end(), 0.0f);
  });
}

}  // namespace tiny
