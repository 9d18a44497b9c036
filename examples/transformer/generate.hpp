// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include <svfmath/core/random.hpp>

#include "model.hpp"

namespace llama {

struct generate_options {
  index_t max_tokens = 128;
  float temperature = 0.0f;           ///< 0: greedy
  std::optional<token> stop_token{};  ///< ends the answer; not part of it
};

/// Throws `svf::error{numeric}` naming `where` unless all logits are finite, which they are not
/// when weights or an expert's z are too large for float32.
void expect_finite(std::span<float const> logits, std::string_view where);

/// The logits of the token that follows the last of some hidden states (N×d), on the host. Throws
/// `svf::error{numeric}` naming `where` unless all are finite.
template <engine E>
std::vector<float> next_logits(typename E::policy& exec, basic_model<E> const& m,
                               operand_rows<E> hidden, std::string_view where);

/// The id of the largest logit, the first of equals.
token greedy_choice(std::span<float const> logits);

/// An id drawn from softmax(logits/temperature) with one uniform number u in [0, 1).
token sampled_choice(std::span<float const> logits, float temperature, double u);

/// Continues `prompt` token by token with a key-value cache. `on_token`, if given, sees every new
/// token and ends the answer by returning true. Throws `svf::error{shape}` for an empty prompt or
/// one that leaves no room in the context, `error{numeric}` for a negative temperature and for
/// logits that are not finite.
/// Deterministic for the same generator state.
template <engine E>
std::vector<token> generate(typename E::policy& exec, basic_model<E> const& m,
                            std::span<token const> prompt, generate_options const& options,
                            svf::generator& random,
                            std::function<bool(token)> const& on_token = {});

}  // namespace llama
