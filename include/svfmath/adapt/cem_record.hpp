// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <ostream>
#include <span>
#include <vector>

#include <svfmath/adapt/cem_stop.hpp>
#include <svfmath/adapt/fitness.hpp>

namespace svf {

/// One generation as observers see it. The spans are valid during the call.
template <class T>
struct cem_record {
  std::int64_t generation = 0;      ///< counted from 0 over all restarts
  std::int64_t evals = 0;           ///< evaluations so far
  fitness best = unmeasured;             ///< best of the search so far, if anything was measured
  fitness generation_best = unmeasured;  ///< best of this generation, likewise
  std::span<T const> best_x = {};
  std::span<T const> mean = {};     ///< after the update
  std::span<T const> std = {};      ///< after the update
  double std_min = 0.0;             ///< over coordinates that are not fixed
  double std_max = 0.0;
  bool flat = false;                ///< all members were worth the same
};

/// One line of JSON per generation, for logs; what is not measured or not finite is null. The
/// stream's precision is left as it was.
template <class T>
void write_json_line(std::ostream& out, cem_record<T> const& record) {
  auto const precision = out.precision(17);
  auto const list = [&](char const* name, std::span<T const> values) {
    out << ",\"" << name << "\":[";
    for (std::size_t i = 0; i < values.size(); ++i) {
      out << (i == 0 ? "" : ",") << values[i];
    }
    out << ']';
  };
  auto const number = [&](char const* name, double value) {
    out << ",\"" << name << "\":";
    if (std::isfinite(value)) {
      out << value;
    } else {
      out << "null";
    }
  };
  out << "{\"generation\":" << record.generation << ",\"evals\":" << record.evals;
  number("best", record.best.primary);
  number("best_secondary", record.best.secondary);
  number("generation_best", record.generation_best.primary);
  number("std_min", record.std_min);
  number("std_max", record.std_max);
  out << ",\"flat\":" << (record.flat ? "true" : "false");
  list("best_x", record.best_x);
  list("mean", record.mean);
  list("std", record.std);
  out << "}\n";
  out.precision(precision);
}

/// What a search has found.
template <class T>
struct cem_result {
  std::vector<T> best_x = {};       ///< the best point evaluated; empty before the first `tell`
  double best_f = unmeasured.primary;  ///< NaN before anything was measured
  double best_secondary = unmeasured.secondary;
  std::vector<T> mean = {};         ///< the distribution's centre: prefer it under noise
  std::vector<T> std = {};
  std::int64_t evals = 0;
  std::int64_t iters = 0;
  std::vector<fitness> baselines = {};  ///< of options.corners, in their order
  bool improved_over_best_single = false;  ///< best better than every baseline, by min_gain
  cem_stop stop = {};
};

}  // namespace svf
