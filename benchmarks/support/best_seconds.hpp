// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <chrono>
#include <limits>

namespace bench {

/// Seconds of the best of 3 calls, of fewer where they take more than 10 s together, and of up to
/// 1000 where they take less than 0.3 s.
template <class Body>
double best_seconds(Body&& body) {
  using clock = std::chrono::steady_clock;
  double best = std::numeric_limits<double>::infinity();
  double total = 0.0;
  for (int call = 0; call < 1000 && total < (call < 3 ? 10.0 : 0.3); ++call) {
    auto const start = clock::now();
    body();
    double const seconds = std::chrono::duration<double>(clock::now() - start).count();
    best = std::min(best, seconds);
    total += seconds;
  }
  return best;
}

}  // namespace bench
