// SPDX-License-Identifier: Apache-2.0
#include "training.hpp"

#include <cmath>
#include <string>

#include <svfmath/cpu.hpp>
#include <svfmath/learn/schedule.hpp>
#include <transformer/predictions.hpp>
#include <transformer/tokenizer.hpp>

#include "corpus.hpp"
#include "full_gradient.hpp"
#include "vocabulary.hpp"

namespace tiny {

namespace {

using llama::index_t;

// Normal weights of deviation 1/√width; what writes into the residual stream starts smaller, the
// deeper the model.
llama::weights random_weights(llama::config const& c, std::uint64_t seed) {
  llama::weights w = zero_weights(c);
  double const deviation = 1.0 / std::sqrt(double(c.width));
  double const writing = deviation / std::sqrt(2.0 * double(c.layers));
  std::uint64_t stream = 100;
  auto const fill = [&](svf::matrix<float>& m, double d) {
    svf::random_stream const random(seed, stream++);
    for (index_t i = 0; i < m.size(); ++i) {
      m.data()[i] = float(d * random.normal(std::uint64_t(i)));
    }
  };
  auto const ones = [](svf::vector<float>& v) { std::fill_n(v.data(), v.size(), 1.0f); };
  fill(w.embedding, deviation);
  for (llama::layer_weights& layer : w.layers) {
    ones(layer.attention_norm);
    ones(layer.mlp_norm);
    for (llama::projection const p : llama::all_projections) {
      bool const writes = p == llama::projection::o || p == llama::projection::down;
      fill(layer[p], writes ? writing : deviation);
    }
  }
  ones(w.output_norm);
  return w;
}

// Documents packed for one pass. A document has two slots: the log-probabilities of its prompt and
// of what follows.
struct training_batch {
  llama::token_batch tokens;
  llama::predictions wanted;
  std::vector<float> weights;  // dL/d(log-probability) by slot, L being the weighted mean loss
  std::size_t answer_tokens = 0;
};

training_batch make_batch(llama::tokenizer const& words, training_options const& options,
                          std::uint64_t step) {
  training_batch result;
  bool const early = double(step) < options.textbook_share * double(options.steps);
  source const from = early ? source::textbook : source::careless;
  std::size_t slot = 0;
  for (std::uint64_t i = 0; i < options.batch; ++i) {
    document const text = corpus_document(from, options.seed, step * options.batch + i);
    auto const prompt = words.encode(text.prompt);
    auto ids = prompt;
    auto const rest = words.encode(text.continuation);
    ids.insert(ids.end(), rest.begin(), rest.end());
    index_t const first = result.tokens.rows();
    result.tokens.add_sequence(std::span(ids).first(ids.size() - 1));
    for (std::size_t t = 1; t < ids.size(); ++t) {
      result.wanted.add(first + index_t(t) - 1, ids[t], t < prompt.size() ? slot : slot + 1);
    }
    slot += 2;
    result.answer_tokens += rest.size();
  }
  for (std::uint64_t i = 0; i < options.batch; ++i) {
    float const each = -1.0f / float(result.answer_tokens);
    result.weights.push_back(float(options.prompt_weight) * each);
    result.weights.push_back(each);
  }
  return result;
}

llama::checkpoint to_checkpoint(llama::model const& m) {
  llama::checkpoint result;
  result.cfg = m.cfg();
  result.source = "train_tiny_model";
  result.tok = character_vocabulary();
  auto const add_vector = [&](std::string const& name, svf::vector<float> const& v) {
    svf::matrix<float> row(1, v.size());
    std::copy_n(v.data(), v.size(), row.data());
    result.tensors[name] = {std::move(row), 1};
  };
  llama::weights const& w = m.parameters();
  result.tensors[result.embedding()] = {w.embedding, 2};
  add_vector(result.output_norm(), w.output_norm);
  for (index_t l = 0; l < result.cfg.layers; ++l) {
    auto const names = result.names(l);
    llama::layer_weights const& layer = w.layers[std::size_t(l)];
    add_vector(names.attn_norm, layer.attention_norm);
    add_vector(names.ffn_norm, layer.mlp_norm);
    std::string const* const in_order[] = {&names.q,    &names.k,  &names.v,   &names.o,
                                           &names.gate, &names.up, &names.down};
    for (llama::projection const p : llama::all_projections) {
      result.tensors[*in_order[std::size_t(p)]] = {layer[p], 2};
    }
  }
  return result;
}

}  // namespace

llama::config tiny_config() {
  llama::config c;
  c.layers = 4;
  c.width = 96;
  c.hidden = 256;
  c.heads = 4;
  c.kv_heads = 2;
  c.head_dim = 24;
  c.vocabulary = index_t(character_vocabulary().tokens.size());
  c.context = 128;
  return c;
}

llama::checkpoint train_from_scratch(llama::cpu_policy& exec, training_options const& options,
                                     training_observer const& observer) {
  llama::config const c = tiny_config();
  llama::tokenizer const words(character_vocabulary());
  llama::model m(exec, c, random_weights(c, options.seed));
  full_gradient gradient(exec, c);
  weight_optimiser optimiser({.beta2 = 0.98, .weight_decay = options.weight_decay});
  svf::schedule const rate{.base = options.learning_rate,
                           .last = options.learning_rate / 20.0,
                           .steps = options.steps,
                           .warm_up = options.warm_up};
  for (std::uint64_t step = 0; step < options.steps; ++step) {
    training_batch const batch = make_batch(words, options, step);
    llama::activations kept;
    auto const hidden = m.forward(exec, batch.tokens, &kept);
    if (observer) {
      std::vector<double> sums(batch.weights.size());
      log_probabilities(exec, m, batch.wanted, hidden.view(), sums);
      double total = 0.0;
      for (std::size_t slot = 1; slot < sums.size(); slot += 2) {
        total -= sums[slot];
      }
      observer(step, total / double(batch.answer_tokens));
    }
    svf::matrix<float> dhidden(hidden.rows(), hidden.cols());
    log_probabilities_backward(exec, m, batch.wanted, hidden.view(), batch.weights,
                               dhidden.view(), gradient.sums().embedding.view());
    m.backward(exec, batch.tokens, kept, dhidden.view(), gradient);
    optimiser.step(exec, m.parameters(), gradient.sums(), options.clip_norm, rate(step));
  }
  return to_checkpoint(m);
}

}  // namespace tiny
