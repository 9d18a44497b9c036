// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cmath>
#include <cstdint>
#include <string_view>

#include <svfmath/core/error.hpp>
#include <svfmath/core/in_quotes.hpp>
#include <svfmath/learn/trainer_options.hpp>

namespace svf {

/// Complete settings, every parity switch included.
enum class preset {
  paper,          ///< Transformer² (arXiv 2501.06252), Eq. (1) and Table 6
  released_code,  ///< what its released code does
  direct,         ///< the paper's, with z itself trained from close to the identity
};

constexpr std::string_view to_string(preset p) noexcept {
  switch (p) {
    case preset::paper: return "paper";
    case preset::released_code: return "released_code";
    case preset::direct: return "direct";
  }
  return "unknown";
}

/// The preset a word names. Throws `error{format}` for any other word.
inline preset preset_from(std::string_view word) {
  for (auto const p : {preset::paper, preset::released_code, preset::direct}) {
    if (to_string(p) == word) {
      return p;
    }
  }
  fail(error_kind::format, "preset_from: expected paper, released_code or direct, got ",
       in_quotes(word));
}

/// The options of a preset for a run of `steps` steps.
///
///                    paper              released_code         direct
///   z                2·sigmoid(p)       2·sigmoid(p)          p
///   start            0.1, variance 1e-3 0.1 + 0.01·N(0,1)     1 + 0.01·N(0,1)
///   W'               U(σz)Vᵀ            nuclear norm kept     U(σz)Vᵀ
///   action           drawn from π       the most probable     drawn from π
///   advantage        none               none                  none
///   KL               exact KL(π'‖π)     exact KL(π‖π')        exact KL(π'‖π)
///   λ                0.1                0                     0.1
///   learning rate    2e-3, cosine       2e-3, constant        2e-3, cosine
///
/// All: AdamW without decay (that is Adam), batch 256, gradient norm clipped at 1e-3. The paper
/// chooses λ among {0, 0.1, 0.2, 0.3} on validation questions and stops early; `patience` is left
/// to the caller. It states the start before the sigmoid of the released code, hence that
/// parameterisation. `direct` deviates in it on purpose: the run starts at the base model instead
/// of at z ≈ 1.05, and a step moves z twice as far.
inline trainer_options make_options(preset which, std::uint64_t steps = 60) {
  trainer_options options;
  options.steps = steps;
  options.learning_rate = {.kind = schedule_kind::cosine, .base = 2e-3, .steps = steps};
  options.objective.kl = {0.1, kl_direction::policy_to_reference, kl_estimator::exact};
  options.parameters = parameterisation::sigmoid;
  options.start = {0.1, std::sqrt(1e-3)};
  switch (which) {
    case preset::paper: break;
    case preset::released_code:
      options.normalise = normalisation::nuclear;
      options.start = {0.1, 0.01};
      options.objective.mode = sampling::greedy;
      options.objective.kl = {0.0, kl_direction::reference_to_policy, kl_estimator::exact};
      options.learning_rate.kind = schedule_kind::constant;
      break;
    case preset::direct:
      options.parameters = parameterisation::direct;
      options.start = {1.0, 0.01};
      break;
  }
  return options;
}

}  // namespace svf
