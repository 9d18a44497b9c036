// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>

#include <svfmath/adapt/cem_options.hpp>
#include <svfmath/core/random.hpp>

namespace svf::detail {

// x folded back into [lo, hi] as by mirrors at the bounds; one of them may be infinite.
template <class T>
T reflected(T x, T lo, T hi) {
  if (std::isinf(lo) || std::isinf(hi)) {
    return x < lo ? lo + (lo - x) : x > hi ? hi - (x - hi) : x;
  }
  T const width = hi - lo;
  T y = std::fmod(std::abs(x - lo), 2 * width);
  y = y > width ? 2 * width - y : y;
  return lo + y;
}

// The normals of one generation, addressed by (seed, generation, member, coordinate, attempt), so
// that a member is the same wherever and in whatever order it is drawn.
template <class T>
class cem_normals {
 public:
  cem_normals(cem_options<T> const& options, std::int64_t generation)
      : options_(options), random_(options.seed, std::uint64_t(generation)) {}

  // Writes member `member` of N(mean, diag std²), brought within the bounds.
  void draw(index_t member, std::span<T const> mean, std::span<T const> std,
            std::span<T> out) const {
    for (std::size_t c = 0; c < out.size(); ++c) {
      T const lo = options_.lower[c];
      T const hi = options_.upper[c];
      std::uint64_t const address = std::uint64_t(member) * out.size() + c;
      auto const attempt = [&](int n) {
        return T(double(mean[c]) +
                 double(std[c]) * random_.normal((std::uint64_t(n) << 48) | address));
      };
      if (lo == hi) {
        out[c] = lo;
        continue;
      }
      T x = attempt(0);
      if (options_.bounds == bounds_handling::none) {
        out[c] = x;
        continue;
      }
      if (options_.bounds == bounds_handling::reflect && !(x >= lo && x <= hi)) {
        x = reflected(x, lo, hi);
      } else if (options_.bounds == bounds_handling::resample) {
        for (int n = 1; n <= options_.resample_tries && !(x >= lo && x <= hi); ++n) {
          x = attempt(n);
        }
      }
      out[c] = std::clamp(x, lo, hi);
    }
  }

 private:
  cem_options<T> const& options_;
  random_stream random_;
};

}  // namespace svf::detail
