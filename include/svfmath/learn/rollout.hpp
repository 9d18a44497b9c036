// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <iterator>
#include <numeric>
#include <span>
#include <string_view>
#include <vector>

#include <svfmath/core/random.hpp>
#include <svfmath/learn/action_table.hpp>

namespace svf {

/// Which actions of a question are looked at.
enum class sampling {
  categorical,        ///< S draws from π, with replacement: Eq. (1)
  greedy,             ///< the most probable action, the first of equals (the released code)
  exact_expectation,  ///< every action, weighted by π: no sampling noise, for short action lists
};

constexpr std::string_view to_string(sampling mode) noexcept {
  switch (mode) {
    case sampling::categorical: return "categorical";
    case sampling::greedy: return "greedy";
    case sampling::exact_expectation: return "exact_expectation";
  }
  return "unknown";
}

struct rollout_options {
  sampling mode = sampling::categorical;
  std::size_t samples = 1;  ///< S per question, read by `categorical` only

  friend bool operator==(rollout_options const&, rollout_options const&) = default;
};

/// The action whose interval of the cumulative distribution holds u in [0,1). O(actions).
inline std::size_t draw_action(std::span<double const> log_policy, double u) {
  double cumulative = 0.0;
  std::size_t last_possible = 0;
  for (std::size_t a = 0; a < log_policy.size(); ++a) {
    double const probability = std::exp(log_policy[a]);
    cumulative += probability;
    if (u < cumulative) {
      return a;
    }
    last_possible = probability > 0.0 ? a : last_possible;
  }
  return last_possible;  // u lies in the rounding error of the sum
}

/// The actions looked at, one row per question. `categorical` takes exactly S numbers a question
/// from `random` in the order of the rows; the other modes take none.
/// Throws `error{shape}` for an empty row or S = 0. O(values · S).
inline action_table<std::size_t> draw_actions(action_table<double> const& log_policy,
                                              rollout_options const& options, generator& random) {
  check_table(log_policy, "draw_actions");
  expects(options.samples >= 1, error_kind::shape,
          "draw_actions: expected at least 1 sample a question, got 0");
  action_table<std::size_t> actions;
  std::vector<std::size_t> picked;
  for (std::size_t q = 0; q < log_policy.questions(); ++q) {
    auto const row = log_policy.row(q);
    picked.clear();
    if (options.mode == sampling::categorical) {
      std::generate_n(std::back_inserter(picked), options.samples,
                      [&] { return draw_action(row, random.uniform()); });
    } else if (options.mode == sampling::greedy) {
      picked.push_back(std::size_t(std::max_element(row.begin(), row.end()) - row.begin()));
    } else {
      picked.resize(row.size());
      std::iota(picked.begin(), picked.end(), std::size_t{0});
    }
    actions.push_row(picked);
  }
  return actions;
}

}  // namespace svf
