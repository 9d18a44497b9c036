// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include <svfmath/core/error.hpp>
#include <svfmath/core/view.hpp>

namespace llama {

using token = std::int32_t;
using svf::index_t;

/// A half-open range of rows of a batch.
struct row_range {
  index_t first = 0;
  index_t count = 0;
};

/// Sequences packed into one matrix of T rows, without padding. A sequence is a trunk (a prompt)
/// and any number of branches (its continuations): a branch sees the whole trunk and its own
/// earlier rows, never another branch. So the options of one question share their prompt's work.
class token_batch {
 public:
  struct sequence {
    row_range trunk;
    std::vector<row_range> branches;
  };

  /// Starts a sequence with the tokens of its trunk, at positions 0, 1, …; returns its index.
  /// Throws `error{shape}` for an empty trunk.
  index_t add_sequence(std::span<token const> trunk) {
    svf::expects(!trunk.empty(), svf::error_kind::shape,
                 "token_batch: expected at least one token in a sequence");
    sequences_.push_back({append(trunk, 0), {}});
    return index_t(sequences_.size()) - 1;
  }

  /// Adds a branch to the last sequence; its positions go on where the trunk ends.
  row_range add_branch(std::span<token const> tokens) {
    svf::expects(!sequences_.empty() && !tokens.empty(), svf::error_kind::shape,
                 "token_batch: expected a sequence before and tokens in a branch");
    auto& owner = sequences_.back();
    owner.branches.push_back(append(tokens, owner.trunk.count));
    return owner.branches.back();
  }

  index_t rows() const { return index_t(ids_.size()); }
  std::span<token const> ids() const { return ids_; }
  std::span<std::int32_t const> positions() const { return positions_; }
  std::span<sequence const> sequences() const { return sequences_; }

 private:
  row_range append(std::span<token const> tokens, index_t position) {
    row_range const range{rows(), index_t(tokens.size())};
    for (token id : tokens) {
      ids_.push_back(id);
      positions_.push_back(std::int32_t(position++));
    }
    return range;
  }

  std::vector<token> ids_;
  std::vector<std::int32_t> positions_;
  std::vector<sequence> sequences_;
};

}  // namespace llama
