// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cmath>
#include <span>

#include <svfmath/core/error.hpp>

namespace svf {

/// ‖g‖₂ in double. Throws `error{numeric}` if it is not finite. O(D).
inline double global_norm(std::span<float const> gradient) {
  double sum = 0.0;
  for (float const g : gradient) {
    sum += double(g) * double(g);
  }
  expects(std::isfinite(sum), error_kind::numeric,
          "global_norm: expected finite gradients, got a squared norm of ", sum);
  return std::sqrt(sum);
}

/// g ← g · min(1, limit/‖g‖): the direction stays. Returns ‖g‖ before clipping. An infinite limit
/// clips nothing. Throws `error{numeric}` for a gradient that is not finite or a limit that is not
/// positive.
inline double clip_global_norm(std::span<float> gradient, double limit) {
  expects(limit > 0.0, error_kind::numeric, "clip_global_norm: expected a limit > 0, got ", limit);
  double const norm = global_norm(gradient);
  if (norm > limit) {
    double const scale = limit / norm;
    for (float& g : gradient) {
      g = float(double(g) * scale);
    }
  }
  return norm;
}

}  // namespace svf
