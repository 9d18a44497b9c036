// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "generate.hpp"

#include <algorithm>
#include <cmath>

#include <svfmath/core/transfer.hpp>

/// The function templates of generate.hpp. A unit that instantiates them includes its backend of
/// svfmath before.
namespace llama {

template <engine E>
std::vector<float> next_logits(typename E::policy& exec, basic_model<E> const& m,
                               operand_rows<E> hidden, std::string_view where) {
  auto logits = svf::make_matrix<float>(exec, 1, m.cfg().vocabulary);
  m.project(exec, hidden.rows_range(hidden.rows - 1, 1), logits.view());
  auto const host = svf::host_matrix(exec, logits);
  std::vector<float> result(host.data(), host.data() + host.size());
  expect_finite(result, where);
  return result;
}

template <engine E>
std::vector<token> generate(typename E::policy& exec, basic_model<E> const& m,
                            std::span<token const> prompt, generate_options const& options,
                            svf::generator& random,
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
  basic_kv_cache<E> cache(exec, m.cfg(), index_t(prompt.size()) + room);
  std::vector<token> answer;
  std::vector<token> next(prompt.begin(), prompt.end());
  while (index_t(answer.size()) < room) {
    auto const hidden = m.extend(exec, cache, next);
    auto const scores = next_logits<E>(exec, m, hidden.view(), "generate");
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
