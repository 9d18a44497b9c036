// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <type_traits>
#include <vector>

#include <svfmath/adapt/cem_options.hpp>
#include <svfmath/adapt/cem_state.hpp>
#include <svfmath/core/error.hpp>
#include <svfmath/io/detail/stored_list.hpp>
#include <svfmath/io/safetensors.hpp>
#include <svfmath/io/safetensors_writer.hpp>

// How a search becomes a file: every field is a tensor of its own, named by one list for both
// directions.
namespace svf::detail {

// Calls `f(name, field)` for every stored field; enumerations come with their last value.
template <class Options, class State, class F>
void visit_cem(Options& o, State& s, F const& f) {
  f("options.dim", o.dim);
  f("options.lower", o.lower);
  f("options.upper", o.upper);
  f("options.init_mean", o.init_mean);
  f("options.init_std", o.init_std);
  f("options.bounds", o.bounds, bounds_handling::none);
  f("options.resample_tries", o.resample_tries);
  f("options.popsize", o.popsize);
  f("options.elite_ratio", o.elite_ratio);
  f("options.alpha_mean", o.alpha_mean);
  f("options.alpha_std", o.alpha_std);
  f("options.std_around", o.std_around, std_reference::old_mean);
  f("options.floor.fraction", o.floor.fraction);
  f("options.floor.decay", o.floor.decay);
  f("options.std_max_change", o.std_max_change);
  f("options.inject", o.inject);
  f("options.corners", o.corners);
  f("options.min_gain", o.min_gain);
  f("options.keep_best", o.keep_best, elitist::off);
  f("options.keep_elites", o.keep_elites);
  f("options.sense", o.sense, sense::min);
  f("options.on_nan", o.on_nan, nan_policy::raise);
  f("options.seed", o.seed);
  f("options.max_iters", o.max_iters);
  f("options.max_evals", o.max_evals);
  f("options.target", o.target);
  f("options.timeout", o.timeout);
  f("options.tol_x", o.tol_x);
  f("options.tol_f", o.tol_f);
  f("options.flat_generations", o.flat_generations);
  f("options.stagnation", o.stagnation);
  f("options.restarts", o.restarts);
  f("options.popsize_growth", o.popsize_growth);
  f("state.generation", s.generation);
  f("state.iters", s.iters);
  f("state.evals", s.evals);
  f("state.restarts", s.restarts);
  f("state.since_restart", s.since_restart);
  f("state.flat", s.flat);
  f("state.since_better", s.since_better);
  f("state.popsize", s.popsize);
  f("state.elapsed", s.elapsed);
  f("state.opening", s.opening);
  f("state.asked", s.asked);
  f("state.mean", s.mean);
  f("state.std", s.std);
  f("state.members", s.members);
  f("state.kept", s.kept);
  f("state.seats", s.seats);
  f("state.best_x", s.best_x);
  f("state.best.primary", s.best.primary);
  f("state.best.secondary", s.best.secondary);
  f("state.contender_x", s.contender_x);
  f("state.contender.primary", s.contender.primary);
  f("state.contender.secondary", s.contender.secondary);
  f("state.baselines", s.baselines);
  f("state.stop.reason", s.stop.reason, stop_reason::callback);
  f("state.stop.value", s.stop.value);
  f("state.stop.threshold", s.stop.threshold);
}

// Copies a list of numbers into the writer as [n].
struct field_writer {
  safetensors_writer& file;

  template <class U>
  void list(std::string name, std::vector<U> const& values) const {
    auto const bytes = std::as_bytes(std::span<U const>(values));
    file.add_owned(std::move(name), dtype_of<U>, {std::uint64_t(values.size())},
                   {bytes.begin(), bytes.end()});
  }

  template <class U>
    requires std::is_arithmetic_v<U>
  void operator()(char const* name, U const& value) const {
    if constexpr (std::signed_integral<U> || std::same_as<U, bool>) {
      list<std::int64_t>(name, {std::int64_t(value)});
    } else {
      list<U>(name, {value});
    }
  }
  template <class E>
  void operator()(char const* name, E const& value, E) const {
    list<std::int64_t>(name, {std::int64_t(value)});
  }
  void operator()(char const* name, std::optional<double> const& value) const {
    list<double>(name, value ? std::vector<double>{*value} : std::vector<double>{});
  }
  template <std::floating_point U>
  void operator()(char const* name, std::vector<U> const& values) const {
    list(name, values);
  }
  template <class U>
  void operator()(char const* name, std::vector<std::vector<U>> const& points) const {
    std::vector<U> flat;
    for (auto const& point : points) {
      flat.insert(flat.end(), point.begin(), point.end());
    }
    list(name, flat);
    list<std::int64_t>(std::string(name) + ".count", {std::int64_t(points.size())});
  }
  void operator()(char const* name, std::vector<fitness> const& values) const {
    std::vector<double> flat;
    for (fitness const& each : values) {
      flat.insert(flat.end(), {each.primary, each.secondary});
    }
    list(name, flat);
  }
};

struct field_reader {
  safetensors_file const& file;

  template <class U>
  U one(std::string const& name) const {
    auto const values = stored_list<U>(file, name);
    expects(values.size() == 1, error_kind::format, file.path(), ": tensor '", name,
            "': expected one value, got ", values.size());
    return values.front();
  }
  void holds(bool condition, char const* name, char const* what) const {
    expects(condition, error_kind::format, file.path(), ": tensor '", name, "': expected ", what);
  }

  template <class U>
    requires std::is_arithmetic_v<U>
  void operator()(char const* name, U& value) const {
    if constexpr (std::signed_integral<U> || std::same_as<U, bool>) {
      auto const stored = one<std::int64_t>(name);
      value = U(stored);
      holds(std::int64_t(value) == stored, name, "a value within the range of its type");
    } else {
      value = one<U>(name);
    }
  }
  template <class E>
  void operator()(char const* name, E& value, E last) const {
    auto const stored = one<std::int64_t>(name);
    holds(stored >= 0 && stored <= std::int64_t(last), name, "the number of a known choice");
    value = E(stored);
  }
  void operator()(char const* name, std::optional<double>& value) const {
    auto const stored = stored_list<double>(file, name);
    holds(stored.size() <= 1, name, "at most one value");
    value = stored.empty() ? std::nullopt : std::optional<double>(stored.front());
  }
  template <std::floating_point U>
  void operator()(char const* name, std::vector<U>& values) const {
    values = stored_list<U>(file, name);
  }
  template <class U>
  void operator()(char const* name, std::vector<std::vector<U>>& points) const {
    auto const flat = stored_list<U>(file, name);
    auto const count = one<std::int64_t>(std::string(name) + ".count");
    holds(count >= 0 && (count == 0 ? flat.empty()
                                    : !flat.empty() && flat.size() % std::size_t(count) == 0),
          name, "points of equal length");
    std::size_t const dim = count == 0 ? 0 : flat.size() / std::size_t(count);
    for (std::size_t i = 0; i < flat.size(); i += dim) {
      points.emplace_back(flat.begin() + std::ptrdiff_t(i), flat.begin() + std::ptrdiff_t(i + dim));
    }
  }
  void operator()(char const* name, std::vector<fitness>& values) const {
    auto const flat = stored_list<double>(file, name);
    holds(flat.size() % 2 == 0, name, "pairs");
    for (std::size_t i = 0; i < flat.size(); i += 2) {
      values.push_back({flat[i], flat[i + 1]});
    }
  }
};

}  // namespace svf::detail
