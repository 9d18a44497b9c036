// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cmath>
#include <cstdint>
#include <vector>

#include <svfmath/core/random.hpp>

#include <transformer/adapted_model.hpp>
#include <transformer/choice.hpp>
#include <transformer/cuda/engine.hpp>
#include <transformer/cuda/factored_sites.hpp>

#include "../small_model.hpp"

namespace test {

using cuda_float = llama::cuda_engine<float>;
using cuda_bfloat16 = llama::cuda_engine<svf::bfloat16>;

/// Heads and sequences that need several tiles of the device's kernels, and parts of them.
inline llama::config wide_config() {
  auto c = small_config(false, false);
  c.width = 96;
  c.hidden = 160;
  c.heads = 6;
  c.kv_heads = 2;
  c.head_dim = 64;
  c.vocabulary = 301;
  c.context = 320;
  return c;
}

/// Questions whose prompts have 1 to 200 tokens and whose options 1 to 70.
inline std::vector<llama::encoded_question> long_questions(llama::config const& c,
                                                           std::uint64_t seed) {
  svf::random_stream const random(seed);
  std::uint64_t draw = 0;
  auto const tokens = [&](std::uint64_t count) {
    std::vector<llama::token> ids(count);
    for (auto& id : ids) {
      id = llama::token(random.below(draw++, std::uint64_t(c.vocabulary)));
    }
    return ids;
  };
  std::vector<llama::encoded_question> questions;
  for (std::uint64_t const prompt : {1, 200, 63, 64, 65, 128, 17}) {
    llama::encoded_question question;
    question.prompt = tokens(prompt);
    auto const options = 2 + random.below(draw++, 4);
    for (std::uint64_t o = 0; o < options; ++o) {
      question.options.push_back(tokens(1 + random.below(draw++, 70)));
    }
    questions.push_back(std::move(question));
  }
  return questions;
}

/// The small model's checkpoint with matrices of variance 1/cols, so that activations and
/// attention's scores keep their size, and rounding costs the result no more than a few roundings.
inline llama::checkpoint scaled_checkpoint(llama::config const& c) {
  auto result = checkpoint_of(small_model(c, 7));
  for (auto& [name, tensor] : result.tensors) {
    if (tensor.dimensions == 2) {
      float const scale = 2.5f / std::sqrt(float(tensor.values.cols()));  // its deviation is 0.4
      for (llama::index_t i = 0; i < tensor.values.size(); ++i) {
        tensor.values.data()[i] *= scale;
      }
    }
  }
  return result;
}

/// A model of `c` on the CPU and the same on an engine of the device, both with z.
template <class E>
struct model_pair {
  llama::cpu_policy host{2};
  typename E::policy exec;
  llama::checkpoint source;
  llama::model_sites sites;
  llama::adapted_model on_host;
  llama::basic_adapted_model<E> on_device;

  explicit model_pair(llama::config const& c)
      : source(scaled_checkpoint(c)),
        sites(llama::sites_of(host, source)),
        on_host(host, source, sites, llama::factor_sites(host, source, sites, nullptr).factors),
        on_device(exec, source, sites, llama::factor_sites(exec, source, sites, nullptr).factors) {}

  std::vector<float> some_z() const {
    return uniform_vector<float>(std::size_t(sites.layout->size()), 0.7f, 1.3f, 8);
  }
};

}  // namespace test
