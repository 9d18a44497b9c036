// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "model.hpp"

namespace llama {

/// Which rows of a batch predict which tokens, and into which sum each log-probability goes:
/// sums[slot] += log p(target | row). Several predictions may share a row (the options of a
/// question all start after the prompt's last token) and a slot (the tokens of one option).
class predictions {
 public:
  void add(index_t row, token id, std::size_t slot);

  /// Adds log p in nats to `sums`; logits are made in pieces and never kept whole.
  /// 2·d·vocabulary flops per distinct row.
  void log_probabilities(cpu_policy& exec, model const& m, const_rows hidden,
                         std::span<double> sums) const;

  /// dhidden (T×d, overwritten) from dsums = dL/dsums. `doutput`, where it has a size, receives
  /// dL/d(output matrix) in addition to what it holds.
  void backward(cpu_policy& exec, model const& m, const_rows hidden,
                std::span<float const> dsums, mutable_rows dhidden,
                mutable_rows doutput = {}) const;

  std::size_t size() const { return count_; }

 private:
  struct target {
    token id;
    std::size_t slot;
  };
  struct predicting_row {
    index_t row;
    std::vector<target> targets;
  };

  std::vector<predicting_row> rows_;
  std::size_t count_ = 0;
};

/// log Σ exp(logits), stable.
double log_sum_exp(std::span<float const> logits);

}  // namespace llama
