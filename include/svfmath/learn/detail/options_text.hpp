// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <charconv>
#include <concepts>
#include <cstdint>
#include <string>
#include <string_view>
#include <variant>

#include <svfmath/learn/trainer_options.hpp>

namespace svf::detail {

inline std::string number_text(double value) {
  char digits[64];
  auto const end = std::to_chars(digits, digits + sizeof digits, value, std::chars_format::hex).ptr;
  return {digits, end};
}
template <std::unsigned_integral Integer>
std::string number_text(Integer value) {
  return std::to_string(value);
}

inline std::string baseline_text(advantage::any const& chosen) {
  struct {
    std::string operator()(advantage::none const&) const { return "none"; }
    std::string operator()(advantage::batch_mean const&) const { return "batch_mean"; }
    std::string operator()(advantage::group_mean const&) const { return "group_mean"; }
    std::string operator()(advantage::leave_one_out const&) const { return "leave_one_out"; }
    std::string operator()(advantage::group_normalised const& a) const {
      return "group_normalised " + number_text(a.epsilon);
    }
    std::string operator()(advantage::batch_scaled const& a) const {
      return "batch_scaled " + number_text(a.epsilon);
    }
    std::string operator()(advantage::batch_normalised const& a) const {
      return "batch_normalised " + number_text(a.floor);
    }
    std::string operator()(advantage::ema const& a) const {
      return "ema " + number_text(a.decay) + " " + number_text(a.sum) + " " +
             number_text(a.batches);
    }
  } const name;
  return std::visit(name, chosen);
}

/// Options as lines "key=value\n", floating point as exact hexadecimal: equal options and equal
/// texts are the same thing.
inline std::string options_text(trainer_options const& o) {
  std::string text;
  auto const line = [&](std::string_view key, auto const& value) {
    text.append(key).append("=").append(value).append("\n");
  };
  auto const& objective = o.objective;
  line("parameters", to_string(o.parameters));
  line("normalise", to_string(o.normalise));
  line("start.mean", number_text(o.start.mean));
  line("start.deviation", number_text(o.start.deviation));
  line("samples", number_text(o.samples));
  line("baseline", baseline_text(o.baseline));
  line("sampling", to_string(objective.mode));
  line("kl.coefficient", number_text(objective.kl.coefficient));
  line("kl.direction", to_string(objective.kl.direction));
  line("kl.estimator", to_string(objective.kl.estimator));
  line("reward.low", number_text(double(objective.clip.low)));
  line("reward.high", number_text(double(objective.clip.high)));
  line("ratio.low", number_text(objective.trust.low));
  line("ratio.high", number_text(objective.trust.high));
  line("adamw.beta1", number_text(o.optimiser.beta1));
  line("adamw.beta2", number_text(o.optimiser.beta2));
  line("adamw.epsilon", number_text(o.optimiser.epsilon));
  line("adamw.weight_decay", number_text(o.optimiser.weight_decay));
  line("adamw.decay_centre", number_text(o.optimiser.decay_centre));
  line("rate.kind", to_string(o.learning_rate.kind));
  line("rate.base", number_text(o.learning_rate.base));
  line("rate.last", number_text(o.learning_rate.last));
  line("rate.steps", number_text(o.learning_rate.steps));
  line("rate.warm_up", number_text(o.learning_rate.warm_up));
  line("clip_norm", number_text(o.clip_norm));
  line("batch", number_text(o.batch));
  line("steps", number_text(o.steps));
  line("validate_every", number_text(o.validate_every));
  line("patience", number_text(o.patience));
  line("minimum_gain", number_text(o.minimum_gain));
  line("seed", number_text(o.seed));
  return text;
}

/// The first line in which two texts differ, as "expected X, got Y"; empty if they are equal.
inline std::string first_difference(std::string_view expected, std::string_view got) {
  while (!expected.empty() || !got.empty()) {
    auto const a = expected.substr(0, expected.find('\n'));
    auto const b = got.substr(0, got.find('\n'));
    if (a != b) {
      return "expected " + std::string(a) + ", got " + std::string(b.substr(0, 120));
    }
    expected.remove_prefix(std::min(expected.size(), a.size() + 1));
    got.remove_prefix(std::min(got.size(), b.size() + 1));
  }
  return {};
}

}  // namespace svf::detail
