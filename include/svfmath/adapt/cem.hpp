// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include <svfmath/adapt/cem_options.hpp>
#include <svfmath/adapt/cem_record.hpp>
#include <svfmath/adapt/cem_state.hpp>
#include <svfmath/adapt/detail/cem_check.hpp>
#include <svfmath/adapt/detail/cem_end.hpp>
#include <svfmath/adapt/detail/cem_state_check.hpp>
#include <svfmath/adapt/detail/cem_step.hpp>
#include <svfmath/core/error.hpp>
#include <svfmath/core/random.hpp>
#include <svfmath/core/view.hpp>

namespace svf {

/// A policy that runs `body(i)` for i in [0, count), as all of svfmath's do.
template <class Exec>
concept runs_indices = requires(Exec& exec, void (*body)(index_t)) {
  for_each_index(exec, index_t{}, body);
};

/// The cross-entropy method with a diagonal Gaussian: draw a generation from N(mean, diag std²),
/// let the caller value it, move mean and std towards the elites (Rubinstein 1999; de Boer et al.
/// 2005). Smoothing of std, injected corners, the archive and ties by a second value keep it from
/// collapsing onto a bad point.
///
/// A search is a value: copies go their own ways. Equal options give equal searches bit for bit,
/// on any number of threads (a `timeout` aside), because normals are addressed by (seed,
/// generation, member, coordinate). Cost per generation: O(dim · popsize + popsize log popsize).
///
/// Members of equal worth share the elite seats at the cut, and the best of them is the one with
/// the lexicographically least coordinates: their places do not matter. A generation in which all
/// members are worth the same says nothing, so it leaves mean and std as they are.
template <class T = double>
class cem {
 public:
  using observer = std::function<void(cem_record<T> const&)>;

  /// Throws `error{shape}` or `error{numeric}` naming the option that is wrong.
  explicit cem(cem_options<T> options) : options_(detail::checked(std::move(options))) {
    state_.popsize = options_.popsize;
    state_.mean = options_.init_mean;
    state_.std = options_.init_std;
    for (auto const* list : {&options_.inject, &options_.corners}) {
      for (auto const& point : *list) {
        state_.seats.insert(state_.seats.end(), point.begin(), point.end());
      }
    }
    if (options_.max_iters == 0) {
      state_.stop = {stop_reason::max_iters, 0.0, 0.0};
    }
  }

  /// Continues a saved search. Throws `error{format}` if the state does not fit the options.
  cem(cem_options<T> options, cem_state<T> state)
      : options_(detail::checked(std::move(options))), state_(std::move(state)) {
    detail::check_state(options_, state_);
  }

  cem_options<T> const& options() const { return options_; }
  /// A copy of the whole state, time spent so far included.
  cem_state<T> state() const {
    cem_state<T> copy = state_;
    copy.elapsed = elapsed();
    return copy;
  }

  /// The members to value: dim × popsize, one member per column, contiguous. The same again until
  /// `tell`. The first generation begins with options.inject and options.corners; if these exceed
  /// popsize, they are valued as an extra generation that does not move the distribution.
  matrix_view<T const> ask() {
    if (!state_.asked) {
      detail::draw(options_, state_);
    }
    return members();
  }

  /// The generation's tag: give it to whatever draws questions or samples answers, so that all
  /// members of a generation meet the same ones (common random numbers).
  std::uint64_t generation_seed() const {
    return random_stream(options_.seed, ~std::uint64_t{0}).bits(std::uint64_t(state_.generation));
  }

  /// Values of the members of the last `ask`, in its order. Throws `error{shape}` without an `ask`
  /// or for a wrong length; `error{numeric}` for NaN or infinity under nan_policy::raise. After an
  /// error the search is as it was.
  void tell(std::span<fitness const> values) {
    expects(state_.asked, error_kind::shape, "cem::tell: expected ask() before tell()");
    expects(index_t(values.size()) == members().cols, error_kind::shape, "cem::tell: expected ",
            members().cols, " values, got ", values.size());
    check_values(values);
    learn(values, false);
  }
  void tell(std::span<double const> primary) { tell(paired(primary, {})); }
  /// Members of equal primary value are ordered by the secondary one.
  void tell(std::span<double const> primary, std::span<double const> secondary) {
    expects(primary.size() == secondary.size(), error_kind::shape, "cem::tell: expected ",
            primary.size(), " secondary values, got ", secondary.size());
    tell(paired(primary, secondary));
  }

  /// A generation of the caller's own points (dim × n, n ≥ 2) with their values. Replaces a pending
  /// `ask`, whose injected points stay for the next one. Throws like `tell`, and `error{numeric}`
  /// for points outside the bounds.
  void tell(matrix_view<T const> points, std::span<fitness const> values) {
    expects(points.rows == options_.dim && points.cols >= 2, error_kind::shape,
            "cem::tell: expected points dim x n with dim = ", options_.dim, " and n >= 2, got ",
            points.rows, "x", points.cols);
    expects(index_t(values.size()) == points.cols, error_kind::shape, "cem::tell: expected ",
            points.cols, " values, got ", values.size());
    std::vector<T> own;
    std::vector<T> point(std::size_t(points.rows));
    for (index_t m = 0; m < points.cols; ++m) {
      for (index_t c = 0; c < points.rows; ++c) {
        point[std::size_t(c)] = points(c, m);
      }
      detail::check_point(options_, point, "a told point");
      own.insert(own.end(), point.begin(), point.end());
    }
    check_values(values);
    state_.members = std::move(own);
    learn(values, true);
  }
  void tell(matrix_view<T const> points, std::span<double const> primary) {
    tell(points, paired(primary, {}));
  }

  /// Makes `point` a member of the next generation. Throws `error{shape}` if that is full (the
  /// first grows with its points as far as max_evals allows) or has been asked for already,
  /// `error{numeric}` for a point outside the bounds.
  void inject(std::span<T const> point) {
    detail::check_point(options_, point, "an injected point");
    expects(!state_.asked, error_kind::shape, "cem::inject: expected a call before ask()");
    expects(state_.opening || detail::seat_count(options_, state_) < state_.popsize,
            error_kind::shape, "cem::inject: expected at most popsize = ", state_.popsize,
            " points per generation");
    expects(detail::seat_count(options_, state_) < options_.max_evals - state_.evals,
            error_kind::shape, "cem::inject: expected at most max_evals = ", options_.max_evals,
            " points");
    // Before the corners, which are counted from the end of the list.
    std::size_t const corners = state_.opening ? options_.corners.size() : 0;
    auto const before = state_.seats.end() - std::ptrdiff_t(corners * point.size());
    state_.seats.insert(before, point.begin(), point.end());
  }

  /// Whether and why the search is over. It stays so until the caller tells more.
  cem_stop stop() const { return state_.stop; }

  cem_result<T> result() const {
    cem_result<T> r{state_.best_x,    state_.best.primary, state_.best.secondary,
                    state_.mean,      state_.std,          state_.evals,
                    state_.iters,     state_.baselines,    !state_.baselines.empty(),
                    state_.stop};
    for (fitness const& baseline : state_.baselines) {
      r.improved_over_best_single = r.improved_over_best_single && gains_over(baseline);
    }
    return r;
  }

  /// Calls `f` after every generation, when it is decided whether the search goes on: a search
  /// saved by `f` goes on as this one does, and what `f` throws leaves this one ready to go on. Not
  /// part of a saved search.
  void observe(observer f) { observers_.push_back(std::move(f)); }

  /// Runs until `stop()`. `f(std::span<T const> x)` gives a number or a `fitness`.
  template <class F>
  cem_result<T> optimize(F&& f) {
    return run([&](matrix_view<T const> x, std::vector<fitness>& values) {
      for (index_t m = 0; m < x.cols; ++m) {
        values[std::size_t(m)] = as_fitness(f(detail::column(x, m)));
      }
    });
  }
  /// The same with the members of a generation valued in parallel; under `cpu::par` f is called
  /// concurrently, under a device's policy from this thread.
  template <runs_indices Exec, class F>
  cem_result<T> optimize(Exec& exec, F&& f) {
    return run([&](matrix_view<T const> x, std::vector<fitness>& values) {
      for_each_index(exec, x.cols, [&](index_t m) {
        values[std::size_t(m)] = as_fitness(f(detail::column(x, m)));
      });
    });
  }
  /// One call per generation: `f(matrix_view<T const> members)` gives a range of one number or
  /// `fitness` per column.
  template <class F>
  cem_result<T> optimize_batch(F&& f) {
    return run([&](matrix_view<T const> x, std::vector<fitness>& values) {
      auto const given = f(x);
      values.clear();
      for (auto const& value : given) {
        values.push_back(as_fitness(value));
      }
    });
  }

 private:
  using clock = std::chrono::steady_clock;

  static std::span<T const> column(matrix_view<T const> x, index_t m) {
    return {&x(0, m), std::size_t(x.rows)};
  }
  static std::vector<fitness> paired(std::span<double const> primary,
                                     std::span<double const> secondary) {
    std::vector<fitness> values(primary.size());
    for (std::size_t i = 0; i < values.size(); ++i) {
      values[i] = {primary[i], secondary.empty() ? 0.0 : secondary[i]};
    }
    return values;
  }

  matrix_view<T const> members() const { return detail::members_of(options_, state_); }
  double elapsed() const {
    return std::isinf(options_.timeout)
               ? 0.0
               : state_.elapsed + std::chrono::duration<double>(clock::now() - start_).count();
  }
  bool gains_over(fitness const& baseline) const {
    double const gain = options_.sense == sense::max ? state_.best.primary - baseline.primary
                                                     : baseline.primary - state_.best.primary;
    return better(state_.best, baseline, options_.sense) &&
           (!is_measured(baseline) || gain >= options_.min_gain);
  }
  void check_values(std::span<fitness const> values) const {
    for (std::size_t m = 0; options_.on_nan == nan_policy::raise && m < values.size(); ++m) {
      expects(is_measured(values[m]), error_kind::numeric,
              "cem::tell: expected finite values, got (", values[m].primary, ", ",
              values[m].secondary, ") for member ", m);
    }
  }

  template <class Evaluate>
  cem_result<T> run(Evaluate&& evaluate) {
    while (!stop()) {
      auto const x = ask();
      std::vector<fitness> values(std::size_t(x.cols));
      evaluate(x, values);
      tell(values);
    }
    return result();
  }

  void learn(std::span<fitness const> values, bool own) {
    auto const told = detail::advance(options_, state_, values, own);
    auto const range = detail::std_range_of(options_, state_);
    state_.stop = detail::why_stop(options_, state_, told, range.high, elapsed());
    cem_record<T> const record{state_.generation - 1, state_.evals, state_.best, told.best,
                               state_.best_x,         state_.mean,  state_.std,  range.low,
                               range.high,            told.flat};
    // A restart is made of a copy: the record's lists, and a callback that ends the search in place
    // of it, are of the generation just told.
    auto next = state_.stop ? std::optional(state_) : std::nullopt;
    bool const restarts = next && detail::restart(options_, *next);
    if (restarts) {
      std::swap(state_, *next);
    }
    // The state is that between two generations by now: whoever saves it here can go on from it.
    for (auto const& f : observers_) {
      f(record);
    }
    if (options_.callback && options_.callback(record) && !state_.stop) {
      if (restarts) {
        std::swap(state_, *next);
      }
      state_.stop = {stop_reason::callback, double(state_.iters), 0.0};
    }
  }

  cem_options<T> options_;
  cem_state<T> state_;
  std::vector<observer> observers_;
  clock::time_point start_ = clock::now();
};

}  // namespace svf
