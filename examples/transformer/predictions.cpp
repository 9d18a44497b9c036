// SPDX-License-Identifier: Apache-2.0
#include "predictions.hpp"

namespace llama {

void predictions::add(index_t row, token id, std::size_t slot) {
  svf::expects(rows_.empty() || row >= rows_.back(), svf::error_kind::shape,
               "predictions: expected rows in ascending order, got ", row, " after ",
               rows_.empty() ? row : rows_.back());
  if (rows_.empty() || rows_.back() != row) {
    rows_.push_back(row);
    first_target_.push_back(targets_.size());
  }
  targets_.push_back({id, slot});
  first_target_.back() = targets_.size();
}

}  // namespace llama
