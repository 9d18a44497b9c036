// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

#include <svfmath/core/error.hpp>
#include <svfmath/learn/shuffle.hpp>

namespace svf {

/// Batches of question indices without replacement: every epoch is a fresh permutation, a function
/// of (seed, epoch). What is left at the end of an epoch and would not fill a batch is left out, so
/// every batch has the same size and no question twice. A plain value: save its members to resume.
struct batch_sampler {
  std::uint64_t seed = 0;
  std::uint64_t questions = 0;  ///< of the environment it serves; set by the first batch
  std::uint64_t epoch = 0;
  std::uint64_t position = 0;   ///< questions of this epoch already given out

  /// min(batch, count) questions. Throws `error{shape}` if there are none, or if `count` is not
  /// what it was before. O(count).
  std::vector<std::size_t> next(std::size_t count, std::size_t batch) {
    expects(count >= 1 && batch >= 1, error_kind::shape,
            "batch_sampler: expected at least 1 question and a batch of at least 1, got ", count,
            " and ", batch);
    expects(questions == 0 || questions == count, error_kind::shape, "batch_sampler: expected the ",
            questions, " questions of earlier batches, got ", count);
    std::size_t const size = std::min(batch, count);
    questions = count;
    if (position + size > count) {
      ++epoch;
      position = 0;
    }
    auto const order = shuffled_indices(count, seed, epoch);
    auto const first = order.begin() + std::ptrdiff_t(position);
    position += size;
    return {first, first + std::ptrdiff_t(size)};
  }

  friend bool operator==(batch_sampler const&, batch_sampler const&) = default;
};

}  // namespace svf
