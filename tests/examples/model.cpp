// SPDX-License-Identifier: Apache-2.0
#include <transformer/model.hpp>

#include <algorithm>
#include <cmath>
#include <vector>

#include <doctest/doctest.h>

#include <support/close.hpp>
#include <support/random.hpp>

#include <transformer/generate.hpp>
#include <transformer/predictions.hpp>

#include "small_model.hpp"

namespace {

using llama::index_t;
using test::small_config;
using test::small_model;
using row = std::vector<double>;

row norm_row(row const& x, svf::vector<float> const& w, double epsilon) {
  double square = 0.0;
  for (double v : x) square += v * v;
  double const scale = 1.0 / std::sqrt(square / double(x.size()) + epsilon);
  row y(x.size());
  for (std::size_t i = 0; i < x.size(); ++i) y[i] = x[i] * scale * double(w[index_t(i)]);
  return y;
}

row times(svf::matrix<float> const& w, row const& x) {
  row y(std::size_t(w.rows()));
  for (index_t i = 0; i < w.rows(); ++i) {
    for (index_t j = 0; j < w.cols(); ++j) y[std::size_t(i)] += double(w(i, j)) * x[std::size_t(j)];
  }
  return y;
}

void rotate(llama::config const& c, row& x, std::size_t position) {
  auto const hd = std::size_t(c.head_dim);
  bool const interleaved = c.rope == llama::config::rope_style::interleaved;
  for (std::size_t head = 0; head < x.size(); head += hd) {
    for (std::size_t i = 0; i < hd / 2; ++i) {
      std::size_t const a = head + (interleaved ? 2 * i : i);
      std::size_t const b = head + (interleaved ? 2 * i + 1 : i + hd / 2);
      double const angle =
          double(position) * std::pow(double(c.rope_theta), -2.0 * double(i) / double(hd));
      double const turned = x[a] * std::cos(angle) - x[b] * std::sin(angle);
      x[b] = x[a] * std::sin(angle) + x[b] * std::cos(angle);
      x[a] = turned;
    }
  }
}

// The whole forward pass of one sequence in double, by loops: logits of every position.
std::vector<row> naive_logits(llama::model const& m, std::vector<llama::token> const& ids) {
  auto const& c = m.cfg();
  auto const hd = std::size_t(c.head_dim);
  double const epsilon = double(c.rms_epsilon);
  std::vector<row> x;
  for (auto id : ids) {
    row e(std::size_t(c.width));
    for (std::size_t j = 0; j < e.size(); ++j) {
      e[j] = double(m.parameters().embedding(id, index_t(j)));
    }
    x.push_back(e);
  }
  for (auto const& layer : m.parameters().layers) {
    std::vector<row> q, k, v;
    for (std::size_t t = 0; t < x.size(); ++t) {
      row const n = norm_row(x[t], layer.attention_norm, epsilon);
      q.push_back(times(layer[llama::projection::q], n));
      k.push_back(times(layer[llama::projection::k], n));
      v.push_back(times(layer[llama::projection::v], n));
      rotate(c, q.back(), t);
      rotate(c, k.back(), t);
    }
    for (std::size_t t = 0; t < x.size(); ++t) {
      row attended(q[t].size());
      for (std::size_t head = 0; head < std::size_t(c.heads); ++head) {
        std::size_t const kv = head / std::size_t(c.heads / c.kv_heads);
        row weight(t + 1);
        double total = 0.0;
        for (std::size_t s = 0; s <= t; ++s) {
          double dot = 0.0;
          for (std::size_t i = 0; i < hd; ++i) dot += q[t][head * hd + i] * k[s][kv * hd + i];
          weight[s] = std::exp(dot / std::sqrt(double(hd)));
          total += weight[s];
        }
        for (std::size_t s = 0; s <= t; ++s) {
          for (std::size_t i = 0; i < hd; ++i) {
            attended[head * hd + i] += weight[s] / total * v[s][kv * hd + i];
          }
        }
      }
      row const o = times(layer[llama::projection::o], attended);
      for (std::size_t i = 0; i < o.size(); ++i) x[t][i] += o[i];
    }
    for (row& r : x) {
      row const n = norm_row(r, layer.mlp_norm, epsilon);
      row const gate = times(layer[llama::projection::gate], n);
      row product = times(layer[llama::projection::up], n);
      for (std::size_t i = 0; i < gate.size(); ++i) {
        product[i] *= gate[i] / (1.0 + std::exp(-gate[i]));
      }
      row const d = times(layer[llama::projection::down], product);
      for (std::size_t i = 0; i < d.size(); ++i) r[i] += d[i];
    }
  }
  std::vector<row> logits;
  for (row const& r : x) {
    logits.push_back(times(m.parameters().output_matrix(),
                           norm_row(r, m.parameters().output_norm, epsilon)));
  }
  return logits;
}

double naive_log_probability(llama::model const& m, std::vector<llama::token> ids,
                             std::vector<llama::token> const& option) {
  double sum = 0.0;
  for (auto id : option) {
    row const logits = naive_logits(m, ids).back();
    double total = 0.0;
    for (double v : logits) total += std::exp(v);
    sum += logits[std::size_t(id)] - std::log(total);
    ids.push_back(id);
  }
  return sum;
}

// log p(5 9 2 | trunk) goes to slot 0, log p(7 1 | trunk) to slot 1.
struct question {
  std::vector<llama::token> trunk{3, 1, 4, 1};
  std::vector<llama::token> first{5, 9, 2};
  std::vector<llama::token> second{7, 1};
  llama::token_batch batch;
  llama::predictions wanted;

  question() {
    batch.add_sequence(std::vector<llama::token>{8, 8});  // another sequence, to be kept apart
    batch.add_sequence(trunk);                            // rows 2 … 5
    wanted.add(5, first[0], 0);
    wanted.add(5, second[0], 1);
    batch.add_branch(std::vector<llama::token>{5, 9});  // rows 6, 7
    wanted.add(6, 9, 0);
    wanted.add(7, 2, 0);
    batch.add_branch(std::vector<llama::token>{7});  // row 8
    wanted.add(8, 1, 1);
  }
};

struct collect_all : llama::backward_visitor {
  explicit collect_all(llama::model const& m) {
    for (auto const& layer : m.parameters().layers) {
      std::vector<svf::matrix<float>> ws;
      for (auto const& w : layer.projections) ws.emplace_back(w.rows(), w.cols());
      dw.push_back(std::move(ws));
      attention_norm.emplace_back(layer.attention_norm.size());
      mlp_norm.emplace_back(layer.mlp_norm.size());
    }
    output_norm = svf::vector<float>(m.cfg().width);
    embedding = svf::matrix<float>(m.cfg().vocabulary, m.cfg().width);
  }
  void projection_gradient(index_t l, llama::projection p, llama::const_rows x,
                           llama::const_rows delta) override {
    auto& target = dw[std::size_t(l)][std::size_t(p)];
    for (index_t t = 0; t < x.rows; ++t) {
      for (index_t i = 0; i < delta.cols; ++i) {
        for (index_t j = 0; j < x.cols; ++j) target(i, j) += delta(t, i) * x(t, j);
      }
    }
  }
  svf::vector_view<float> attention_norm_gradient(index_t l) override {
    return attention_norm[std::size_t(l)].view();
  }
  svf::vector_view<float> mlp_norm_gradient(index_t l) override {
    return mlp_norm[std::size_t(l)].view();
  }
  svf::vector_view<float> output_norm_gradient() override { return output_norm.view(); }
  void embedding_gradient(std::span<llama::token const> ids, llama::const_rows dx) override {
    for (std::size_t t = 0; t < ids.size(); ++t) {
      for (index_t j = 0; j < dx.cols; ++j) embedding(ids[t], j) += dx(index_t(t), j);
    }
  }
  std::vector<std::vector<svf::matrix<float>>> dw;
  std::vector<svf::vector<float>> attention_norm, mlp_norm;
  svf::vector<float> output_norm;
  svf::matrix<float> embedding;
};

// Float rounding through two layers of width 12 stays below 200 ulp of values of size 10.
constexpr double forward_tolerance = 2e-4;

}  // namespace

TEST_CASE("model: batched logits equal the naive double forward pass, branches kept apart") {
  for (bool interleaved : {false, true}) {
    for (bool tied : {false, true}) {
      auto const m = small_model(small_config(interleaved, tied), interleaved ? 5 : 6);
      llama::cpu_policy exec(2);
      question const ask;
      auto const hidden = m.forward(exec, ask.batch);
      svf::matrix<float> logits(hidden.rows(), m.cfg().vocabulary);
      m.project(exec, hidden.view(), logits.view());
      auto const compare = [&](std::vector<llama::token> const& ids, std::size_t from,
                               index_t row_of_from) {
        auto const expected = naive_logits(m, ids);
        for (std::size_t t = from; t < ids.size(); ++t) {
          for (index_t i = 0; i < m.cfg().vocabulary; ++i) {
            CHECK(test::close(logits(row_of_from + index_t(t - from), i),
                              expected[t][std::size_t(i)], forward_tolerance));
          }
        }
      };
      compare({8, 8}, 0, 0);
      compare({3, 1, 4, 1, 5, 9}, 0, 2);
      compare({3, 1, 4, 1, 7}, 4, 8);
    }
  }
}

TEST_CASE("model: decoding with the cache equals the batched pass in pieces of any size") {
  auto const m = small_model(small_config(true, false), 9);
  llama::cpu_policy exec(2);
  std::vector<llama::token> const ids{3, 1, 4, 1, 5, 9, 2, 6};
  auto const expected = naive_logits(m, ids);
  for (std::size_t piece : {std::size_t(1), std::size_t(3), std::size_t(8)}) {
    llama::kv_cache cache(exec, m.cfg(), 8);
    for (std::size_t first = 0; first < ids.size(); first += piece) {
      std::size_t const count = std::min(piece, ids.size() - first);
      auto const hidden = m.extend(exec, cache, std::span(ids).subspan(first, count));
      svf::matrix<float> logits(hidden.rows(), m.cfg().vocabulary);
      m.project(exec, hidden.view(), logits.view());
      for (std::size_t t = 0; t < count; ++t) {
        for (index_t i = 0; i < m.cfg().vocabulary; ++i) {
          CHECK(test::close(logits(index_t(t), i), expected[first + t][std::size_t(i)],
                            forward_tolerance));
        }
      }
    }
    CHECK(cache.length() == 8);
    CHECK_THROWS_AS(m.extend(exec, cache, std::span(ids).first(1)), svf::error);
  }
}

TEST_CASE("model: summed log-probabilities of options equal the naive ones") {
  auto const m = small_model(small_config(false, true), 21);
  llama::cpu_policy exec(2);
  question const ask;
  auto const hidden = m.forward(exec, ask.batch);
  std::vector<double> sums(2);
  log_probabilities(exec, m, ask.wanted, hidden.view(), sums);
  CHECK(test::close(sums[0], naive_log_probability(m, ask.trunk, ask.first), forward_tolerance));
  CHECK(test::close(sums[1], naive_log_probability(m, ask.trunk, ask.second), forward_tolerance));
}

TEST_CASE("model: every gradient equals central differences of the naive double forward pass") {
  for (bool tied : {false, true}) {
    auto m = small_model(small_config(tied, tied), 33);
    llama::cpu_policy exec(2);
    question const ask;
    std::vector<float> const dsums{0.7f, -1.3f};
    llama::activations kept;
    auto const hidden = m.forward(exec, ask.batch, &kept);
    svf::matrix<float> dhidden(hidden.rows(), hidden.cols());
    svf::matrix<float> doutput(m.cfg().vocabulary, m.cfg().width);
    log_probabilities_backward(exec, m, ask.wanted, hidden.view(), dsums, dhidden.view(),
                               doutput.view());
    collect_all all(m);
    m.backward(exec, ask.batch, kept, dhidden.view(), all);

    auto const loss = [&] {
      return 0.7 * naive_log_probability(m, ask.trunk, ask.first) -
             1.3 * naive_log_probability(m, ask.trunk, ask.second);
    };
    auto const check = [&](float& parameter, double got) {
      float const value = parameter;
      float const h = 1.0f / 512.0f;
      parameter = value + h;
      double const up = double(parameter);
      double const above = loss();
      parameter = value - h;
      double const down = double(parameter);
      double const below = loss();
      parameter = value;
      // Truncation h²/6 times third derivatives of order 100, and the float gradient's rounding.
      CHECK(test::close(got, (above - below) / (up - down), 5e-4));
    };
    svf::random_stream const random(77);
    std::uint64_t draw = 0;
    auto const some = [&](svf::matrix<float>& w, svf::matrix<float> const& dw) {
      for (int n = 0; n < 3; ++n) {
        auto const i = index_t(random.below(draw++, std::uint64_t(w.size())));
        check(w.data()[i], double(dw.data()[i]));
      }
    };
    for (std::size_t l = 0; l < 2; ++l) {
      auto& layer = m.parameters().layers[l];
      for (llama::projection p : llama::all_projections) {
        CAPTURE(int(p));
        some(layer[p], all.dw[l][std::size_t(p)]);
      }
      for (index_t i : {0, 5, 11}) {
        check(layer.attention_norm[i], double(all.attention_norm[l][i]));
        check(layer.mlp_norm[i], double(all.mlp_norm[l][i]));
      }
    }
    for (index_t i : {0, 5, 11}) {
      check(m.parameters().output_norm[i], double(all.output_norm[i]));
    }
    for (index_t id : {3, 1, 5, 0}) {  // 0 does not occur in the batch
      double const tied_part = tied ? double(doutput(id, 2)) : 0.0;
      check(m.parameters().embedding(id, 2), double(all.embedding(id, 2)) + tied_part);
    }
    if (!tied) {
      some(m.parameters().output, doutput);
    }
  }
}

TEST_CASE("model: one and two threads give the same bits") {
  auto const m = small_model(small_config(false, false), 40);
  question const ask;
  llama::cpu_policy one(1);
  llama::cpu_policy two(2);
  CHECK(test::max_difference(m.forward(one, ask.batch), m.forward(two, ask.batch)) == 0.0);
}

TEST_CASE("model: ids outside the vocabulary and sequences beyond the context are refused") {
  auto const m = small_model(small_config(false, false), 41);
  llama::cpu_policy exec(1);
  llama::token_batch outside;
  outside.add_sequence(std::vector<llama::token>{3, 17});
  CHECK_THROWS_WITH_AS(m.forward(exec, outside),
                       "llama::model: expected token ids below 17, got 17", svf::error);
  llama::token_batch too_long;
  too_long.add_sequence(std::vector<llama::token>(33, 1));
  CHECK_THROWS_AS(m.forward(exec, too_long), svf::error);
  CHECK_THROWS_AS(llama::token_batch().add_sequence({}), svf::error);
}

TEST_CASE("generate: greedy takes the naive argmax; sampling follows the softmax") {
  auto const m = small_model(small_config(false, false), 50);
  llama::cpu_policy exec(2);
  svf::generator random(1);
  std::vector<llama::token> ids{3, 1, 4};
  llama::generate_options options;
  options.max_tokens = 5;
  auto const answer = llama::generate(exec, m, ids, options, random);
  REQUIRE(answer.size() == 5);
  for (auto id : answer) {
    row const logits = naive_logits(m, ids).back();
    CHECK(id == llama::token(std::max_element(logits.begin(), logits.end()) - logits.begin()));
    ids.push_back(id);
  }
  std::vector<float> const logits{0.0f, std::log(3.0f), -1e30f};  // softmax (1/4, 3/4, 0)
  CHECK(llama::sampled_choice(logits, 1.0f, 0.0) == 0);
  CHECK(llama::sampled_choice(logits, 1.0f, 0.2499) == 0);
  CHECK(llama::sampled_choice(logits, 1.0f, 0.2501) == 1);
  CHECK(llama::sampled_choice(logits, 1.0f, 0.9999999) == 1);
  CHECK_THROWS_AS(llama::generate(exec, m, {}, options, random), svf::error);
  options.temperature = -1.0f;
  CHECK_THROWS_AS(llama::generate(exec, m, ids, options, random), svf::error);
}
