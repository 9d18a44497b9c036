// SPDX-License-Identifier: Apache-2.0
#include "generate.hpp"

#include <algorithm>
#include <cmath>

namespace llama {

void expect_finite(std::span<float const> logits, std::string_view where) {
  for (float const logit : logits) {
    svf::expects(std::isfinite(logit), svf::error_kind::numeric, where,
                 ": expected finite logits, got ", logit,
                 ": the weights, or the expert's z, are too large for float32");
  }
}

token greedy_choice(std::span<float const> logits) {
  return token(std::max_element(logits.begin(), logits.end()) - logits.begin());
}

token sampled_choice(std::span<float const> logits, float temperature, double u) {
  double const top = *std::max_element(logits.begin(), logits.end());
  std::vector<double> weights(logits.size());
  double total = 0.0;
  for (std::size_t i = 0; i < logits.size(); ++i) {
    weights[i] = std::exp((double(logits[i]) - top) / double(temperature));
    total += weights[i];
  }
  double remaining = u * total;
  for (std::size_t i = 0; i < weights.size(); ++i) {
    remaining -= weights[i];
    if (remaining < 0.0) {
      return token(i);
    }
  }
  return greedy_choice(logits);
}

std::vector<token> generate(cpu_policy& exec, model const& m, std::span<token const> prompt,
                            generate_options const& options, svf::generator& random,
                            std::function<bool(token)> const& on_token) {
  svf::expects(!prompt.empty(), svf::error_kind::shape,
               "generate: expected at least one prompt token");
  svf::expects(index_t(prompt.size()) < m.cfg().context, svf::error_kind::shape,
               "generate: expected a prompt shorter than the context of ", m.cfg().context,
               " tokens, got ", prompt.size());
  svf::expects(options.temperature >= 0.0f && std::isfinite(options.temperature),
               svf::error_kind::numeric, "generate: expected a temperature >= 0, got ",
               options.temperature);
  svf::expects(options.max_tokens >= 0, svf::error_kind::shape,
               "generate: expected max_tokens >= 0, got ", options.max_tokens);
  index_t const room = std::min(m.cfg().context - index_t(prompt.size()), options.max_tokens);
  kv_cache cache(m.cfg(), index_t(prompt.size()) + room);
  svf::matrix<float> logits(1, m.cfg().vocabulary);
  std::span<float const> const scores(logits.data(), std::size_t(logits.size()));
  std::vector<token> answer;
  std::vector<token> next(prompt.begin(), prompt.end());
  while (index_t(answer.size()) < room) {
    auto const hidden = m.extend(exec, cache, next);
    m.project(exec, hidden.view().rows_range(hidden.rows() - 1, 1), logits.view());
    expect_finite(scores, "generate");
    token const id = options.temperature == 0.0f
                         ? greedy_choice(scores)
                         : sampled_choice(scores, options.temperature, random.uniform());
    if (options.stop_token == id) {
      break;
    }
    answer.push_back(id);
    if (on_token && on_token(id)) {
      break;
    }
    next = {id};
  }
  return answer;
}

}  // namespace llama
