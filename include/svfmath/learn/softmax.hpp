// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <span>

#include <svfmath/learn/action_table.hpp>

namespace svf {

/// log π(a) = s(a) − log Σ e^s for one row: the maximum is taken out first, so scores of any
/// finite size neither overflow nor lose the differences between them. In double. O(actions).
/// `scores` is not empty and as long as `log_policy` (not checked: this is the inner loop).
template <class T>
void log_softmax(std::span<T const> scores, std::span<double> log_policy) {
  double const top = double(*std::max_element(scores.begin(), scores.end()));
  double sum = 0.0;
  for (T const score : scores) {
    sum += std::exp(double(score) - top);
  }
  double const log_sum = std::log(sum);
  for (std::size_t a = 0; a < scores.size(); ++a) {
    log_policy[a] = (double(scores[a]) - top) - log_sum;
  }
}

/// The log-policy of every row. Throws `error{shape}` for an empty row, `error{numeric}` for a
/// score that is not finite.
template <class T>
action_table<double> log_softmax(action_table<T> const& scores) {
  check_table(scores, "log_softmax");
  auto result = table_like<double>(scores);
  for (std::size_t q = 0; q < scores.questions(); ++q) {
    log_softmax(scores.row(q), result.row(q));
  }
  return result;
}

/// H(π) = −Σ π log π in nats.
inline double entropy(std::span<double const> log_policy) {
  double sum = 0.0;
  for (double const lp : log_policy) {
    sum -= std::exp(lp) * lp;
  }
  return sum;
}

}  // namespace svf
