// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

#include <svfmath/core/error.hpp>
#include <svfmath/learn/shuffle.hpp>

namespace svf {

/// Two disjoint sets of question indices that together hold every question, each ascending.
struct data_split {
  std::vector<std::size_t> train;
  std::vector<std::size_t> validation;
};

/// A seeded random split with questions · `train_share` questions, rounded, for training. A share
/// of 0.5 is the paper's equal split (App. A.1); an odd question goes to training.
/// Throws `error{shape}` for a share outside [0,1]. O(n log n).
inline data_split split_questions(std::size_t questions, std::uint64_t seed,
                                  double train_share = 0.5) {
  expects(train_share >= 0.0 && train_share <= 1.0, error_kind::shape,
          "split_questions: expected a share in [0,1], got ", train_share);
  auto const order = shuffled_indices(questions, seed);
  std::size_t const train = std::size_t(double(questions) * train_share + 0.5);
  auto const middle = order.begin() + std::ptrdiff_t(train);
  data_split result{{order.begin(), middle}, {middle, order.end()}};
  std::sort(result.train.begin(), result.train.end());
  std::sort(result.validation.begin(), result.validation.end());
  return result;
}

}  // namespace svf
