// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "engine.hpp"
#include "model.hpp"
#include "token_batch.hpp"

namespace llama {

/// A token that a row predicts, and the sum that its log-probability goes into.
struct prediction_target {
  token id;
  std::size_t slot;
};

/// Which rows of a batch predict which tokens, and into which sum each log-probability goes:
/// sums[slot] += log p(target | row). Several predictions may share a row (the options of a
/// question all start after the prompt's last token) and a slot (the tokens of one option).
class predictions {
 public:
  /// Throws `svf::error{shape}` for a row before the last one that was added.
  void add(index_t row, token id, std::size_t slot);

  std::size_t size() const { return targets_.size(); }
  /// The predicting rows, ascending; row i has the targets [first_target[i], first_target[i+1]).
  std::span<index_t const> rows() const { return rows_; }
  std::span<std::size_t const> first_target() const { return first_target_; }
  std::span<prediction_target const> targets() const { return targets_; }

 private:
  std::vector<index_t> rows_;
  std::vector<std::size_t> first_target_{0};
  std::vector<prediction_target> targets_;
};

/// Adds log p in nats to `sums`; logits are made in pieces and never kept whole.
/// 2·d·vocabulary flops per distinct row.
template <engine E>
void log_probabilities(typename E::policy& exec, basic_model<E> const& m, predictions const& wanted,
                       operand_rows<E> hidden, std::span<double> sums);

/// dhidden (T×d, overwritten) from dsums = dL/dsums. `doutput`, where it has a size, receives
/// dL/d(output matrix) in addition to what it holds.
template <engine E>
void log_probabilities_backward(typename E::policy& exec, basic_model<E> const& m,
                                predictions const& wanted, operand_rows<E> hidden,
                                std::span<float const> dsums, mutable_float_rows<E> dhidden,
                                mutable_float_rows<E> doutput = {});

}  // namespace llama
