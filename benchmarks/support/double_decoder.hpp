// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <functional>
#include <span>
#include <vector>

#include <transformer/model.hpp>

/// A Llama decoder in double, as its formulas read: what the fast one's error is measured against.
namespace bench {

using rows_of_doubles = std::vector<std::vector<double>>;

/// y_t = W x_t.
inline rows_of_doubles linear(rows_of_doubles const& x, svf::matrix<float> const& w) {
  rows_of_doubles y(x.size(), std::vector<double>(std::size_t(w.rows())));
  for (std::size_t t = 0; t < x.size(); ++t) {
    for (svf::index_t i = 0; i < w.rows(); ++i) {
      for (svf::index_t j = 0; j < w.cols(); ++j) {
        y[t][std::size_t(i)] += double(w(i, j)) * x[t][std::size_t(j)];
      }
    }
  }
  return y;
}

inline rows_of_doubles rms_norm(rows_of_doubles x, svf::vector<float> const& w, double epsilon) {
  for (auto& row : x) {
    double squares = 0.0;
    for (double const value : row) {
      squares += value * value;
    }
    double const scale = 1.0 / std::sqrt(squares / double(row.size()) + epsilon);
    for (std::size_t j = 0; j < row.size(); ++j) {
      row[j] *= scale * double(w[svf::index_t(j)]);
    }
  }
  return x;
}

/// Turns the elements i and i + head_dim/2 of every head by the row's position.
inline void rotate(rows_of_doubles& x, llama::config const& c) {
  auto const size = std::size_t(c.head_dim);
  for (std::size_t t = 0; t < x.size(); ++t) {
    for (std::size_t head = 0; head < x[t].size(); head += size) {
      for (std::size_t i = 0; i < size / 2; ++i) {
        double const angle =
            double(t) * std::pow(double(c.rope_theta), -2.0 * double(i) / double(size));
        double& a = x[t][head + i];
        double& b = x[t][head + i + size / 2];
        double const turned = a * std::cos(angle) - b * std::sin(angle);
        b = a * std::sin(angle) + b * std::cos(angle);
        a = turned;
      }
    }
  }
}

/// softmax(q kᵀ / √head_dim) v of every head over the rows up to its own.
inline rows_of_doubles attend(rows_of_doubles const& q, rows_of_doubles const& k,
                              rows_of_doubles const& v, llama::config const& c) {
  auto const size = std::size_t(c.head_dim);
  auto const group = std::size_t(c.heads / c.kv_heads);
  rows_of_doubles result(q.size(), std::vector<double>(q[0].size()));
  for (std::size_t t = 0; t < q.size(); ++t) {
    for (std::size_t head = 0; head < std::size_t(c.heads); ++head) {
      std::size_t const from = head / group * size;
      double total = 0.0;
      for (std::size_t u = 0; u <= t; ++u) {
        double score = 0.0;
        for (std::size_t i = 0; i < size; ++i) {
          score += q[t][head * size + i] * k[u][from + i];
        }
        double const weight = std::exp(score / std::sqrt(double(size)));
        total += weight;
        for (std::size_t i = 0; i < size; ++i) {
          result[t][head * size + i] += weight * v[u][from + i];
        }
      }
      for (std::size_t i = 0; i < size; ++i) {
        result[t][head * size + i] /= total;
      }
    }
  }
  return result;
}

/// Hidden states after the last norm of a sequence (half-split rotary embeddings).
inline rows_of_doubles double_decoder(llama::model const& m, std::span<llama::token const> ids) {
  using llama::projection;
  auto const& c = m.cfg();
  auto const& w = m.parameters();
  auto const add = [](rows_of_doubles& x, rows_of_doubles const& y) {
    for (std::size_t t = 0; t < x.size(); ++t) {
      std::transform(x[t].begin(), x[t].end(), y[t].begin(), x[t].begin(), std::plus<>());
    }
  };
  rows_of_doubles x;
  for (llama::token const id : ids) {
    auto const row = w.embedding.view().row(id);
    x.emplace_back(row.data, row.data + row.size);
  }
  for (llama::layer_weights const& layer : w.layers) {
    auto const normed = rms_norm(x, layer.attention_norm, double(c.rms_epsilon));
    auto q = linear(normed, layer[projection::q]);
    auto k = linear(normed, layer[projection::k]);
    rotate(q, c);
    rotate(k, c);
    add(x, linear(attend(q, k, linear(normed, layer[projection::v]), c), layer[projection::o]));
    auto const inner = rms_norm(x, layer.mlp_norm, double(c.rms_epsilon));
    auto gate = linear(inner, layer[projection::gate]);
    auto const up = linear(inner, layer[projection::up]);
    for (std::size_t t = 0; t < gate.size(); ++t) {
      for (std::size_t i = 0; i < gate[t].size(); ++i) {
        gate[t][i] *= up[t][i] / (1.0 + std::exp(-gate[t][i]));
      }
    }
    add(x, linear(gate, layer[projection::down]));
  }
  return rms_norm(x, w.output_norm, double(c.rms_epsilon));
}

}  // namespace bench
