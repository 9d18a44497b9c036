// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <numeric>
#include <span>
#include <string_view>
#include <vector>

#include <svfmath/core/error.hpp>

namespace svf {

/// How the losses l of rows become one number. A row is a question, or one token of a sequence;
/// B is the number of sequences, |o_i| the tokens of sequence i.
enum class aggregation_kind {
  mean,           ///< Σ l / B: mean over questions, sum over their tokens (the paper)
  sum,            ///< Σ l
  token_mean,     ///< Σ l / Σ|o_i| (DAPO)
  sequence_mean,  ///< (1/B) Σ_i Σ_t l / |o_i| (GRPO)
  dr_grpo,        ///< Σ l / (B·L) with a fixed L, the longest sequence allowed (Dr. GRPO)
};

constexpr std::string_view to_string(aggregation_kind kind) noexcept {
  switch (kind) {
    case aggregation_kind::mean: return "mean";
    case aggregation_kind::sum: return "sum";
    case aggregation_kind::token_mean: return "token_mean";
    case aggregation_kind::sequence_mean: return "sequence_mean";
    case aggregation_kind::dr_grpo: return "dr_grpo";
  }
  return "unknown";
}

/// A choice of aggregation: turns the lengths of the sequences into one weight per row.
struct aggregation {
  aggregation_kind kind = aggregation_kind::mean;
  std::size_t longest = 1;  ///< L of dr_grpo; not read otherwise

  friend bool operator==(aggregation const&, aggregation const&) = default;

  /// The weights of Σ|o_i| rows, sequence by sequence. `lengths` holds |o_i| ≥ 1.
  /// Throws `error{shape}` for an empty sequence, or one longer than L of dr_grpo.
  std::vector<double> weights(std::span<std::size_t const> lengths) const {
    double const sequences = double(lengths.size());
    std::size_t const tokens = std::accumulate(lengths.begin(), lengths.end(), std::size_t{0});
    std::vector<double> result;
    result.reserve(tokens);
    for (std::size_t const length : lengths) {
      expects(length >= 1 && (kind != aggregation_kind::dr_grpo || length <= longest),
              error_kind::shape, "aggregation: expected sequences of 1 to L tokens, got one of ",
              length, " with L = ", longest);
      result.insert(result.end(), length, weight(sequences, double(tokens), double(length)));
    }
    return result;
  }

  /// The weights when every row is a sequence of its own.
  std::vector<double> weights(std::size_t questions) const {
    return weights(std::vector<std::size_t>(questions, 1));
  }

 private:
  double weight(double sequences, double tokens, double length) const {
    switch (kind) {
      case aggregation_kind::mean: return 1.0 / sequences;
      case aggregation_kind::sum: return 1.0;
      case aggregation_kind::token_mean: return 1.0 / tokens;
      case aggregation_kind::sequence_mean: return 1.0 / (sequences * length);
      case aggregation_kind::dr_grpo: return 1.0 / (sequences * double(longest));
    }
    return 0.0;
  }
};

}  // namespace svf
