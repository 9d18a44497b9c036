// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <utility>
#include <vector>

#include <svfmath/adapt/cem_options.hpp>
#include <svfmath/adapt/cem_record.hpp>
#include <svfmath/adapt/cem_state.hpp>
#include <svfmath/adapt/detail/cem_check.hpp>
#include <svfmath/adapt/detail/cem_draw.hpp>
#include <svfmath/adapt/detail/cem_end.hpp>
#include <svfmath/adapt/detail/cem_update.hpp>
#include <svfmath/core/concepts.hpp>

namespace svf {

/// The cross-entropy method with a diagonal Gaussian: draw a generation from N(mean, diag std²),
/// let the caller value it, move mean and std towards the elites (Rubinstein 1999; de Boer et al.
/// 2005). Smoothing of std, injected corners, the archive and ties by a second value keep it from
/// collapsing onto a bad point.
///
/// A search is a value: copies go their own ways. Equal options give equal searches bit for bit,
/// on any number of threads (a `timeout` aside), because normals are addressed by (seed,
/// generation, member, coordinate). Cost per generation: O(dim · popsize + popsize log popsize).
///
/// Members of equal worth share the elite seats at the cut; a generation in which all members are
/// worth the same says nothing, so it leaves mean and std as they are.
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
      draw();
      state_.asked = true;
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

  /// Makes `point` a member of the next generation. Throws `error{shape}` if that is full or has
  /// been asked for already, `error{numeric}` for a point outside the bounds.
  void inject(std::span<T const> point) {
    detail::check_point(options_, point, "an injected point");
    expects(!state_.asked, error_kind::shape, "cem::inject: expected a call before ask()");
    expects(state_.opening || seat_count() < state_.popsize, error_kind::shape,
            "cem::inject: expected at most popsize = ", state_.popsize, " points per generation");
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

  /// Calls `f` after every generation. Not part of a saved search.
  void observe(observer f) { observers_.push_back(std::move(f)); }

  /// Runs until `stop()`. `f(std::span<T const> x)` gives a number or a `fitness`.
  template <class F>
  cem_result<T> optimize(F&& f) {
    return run([&](matrix_view<T const> x, std::vector<fitness>& values) {
      for (index_t m = 0; m < x.cols; ++m) {
        values[std::size_t(m)] = as_fitness(f(column(x, m)));
      }
    });
  }
  /// The same with the members of a generation valued in parallel; `f` is called concurrently.
  template <execution_policy Exec, class F>
  cem_result<T> optimize(Exec& exec, F&& f) {
    return run([&](matrix_view<T const> x, std::vector<fitness>& values) {
      for_each_index(exec, x.cols, [&](index_t m) {
        values[std::size_t(m)] = as_fitness(f(column(x, m)));
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

  matrix_view<T const> members() const {
    index_t const count = index_t(state_.members.size()) / options_.dim;
    return {state_.members.data(), options_.dim, count, options_.dim, order::col_major};
  }
  // Members of the next generation that are not drawn: those kept, then those injected.
  index_t seat_count() const {
    return index_t(state_.kept.size() + state_.seats.size()) / options_.dim;
  }
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

  // The opening generation is longer than popsize if the injected points need it.
  bool extra() const { return state_.opening && seat_count() > state_.popsize; }

  void draw() {
    std::size_t const dim = std::size_t(options_.dim);
    std::size_t const count = std::size_t(extra() ? seat_count() : state_.popsize);
    state_.members = state_.kept;
    state_.members.insert(state_.members.end(), state_.seats.begin(), state_.seats.end());
    std::size_t const taken = std::min(state_.members.size() / dim, count);
    state_.members.resize(count * dim);
    detail::cem_normals<T> const normals(options_, state_.generation);
    for (std::size_t m = taken; m < count; ++m) {
      normals.draw(index_t(m), state_.mean, state_.std,
                   std::span<T>(state_.members).subspan(m * dim, dim));
    }
  }

  void learn(std::span<fitness const> values, bool own) {
    bool const moves = own || !extra();
    if (!own && std::exchange(state_.opening, false)) {
      auto const last = values.begin() + std::ptrdiff_t(seat_count());
      state_.baselines.assign(last - std::ptrdiff_t(options_.corners.size()), last);
    }
    auto const order = detail::ranked<T>(members(), values, options_.sense);
    bool const flat =
        order.empty() || values[std::size_t(order.front())] == values[std::size_t(order.back())];
    bool const improved = remember(values);
    state_.evals += members().cols;
    if (moves) {
      if (!flat) {
        detail::cem_update<T>(options_, members(), values, order, state_.since_restart,
                              state_.mean, state_.std);
      }
      ++state_.iters;
      ++state_.since_restart;
      state_.flat = flat ? state_.flat + 1 : 0;
      state_.since_better = improved ? 0 : state_.since_better + 1;
    }
    if (!own) {
      state_.seats.clear();
    }
    keep(order);
    auto const record = describe(values, order, flat);
    state_.asked = false;
    ++state_.generation;
    for (auto const& f : observers_) {
      f(record);
    }
    state_.stop = detail::why_stop(options_, state_, record, values, order, elapsed());
    if (state_.stop && detail::restart(options_, state_)) {
      state_.stop = {};
    }
  }

  // Updates the best by the archive's rule, earliest member first; true if it became better.
  bool remember(std::span<fitness const> values) {
    fitness const before = state_.best;
    bool const had_best = !state_.best_x.empty();
    bool fresh = options_.keep_best != elitist::archive;
    for (std::size_t m = 0; m < values.size(); ++m) {
      if (is_measured(values[m]) && (fresh || state_.best_x.empty() ||
                                     better(values[m], state_.best, options_.sense))) {
        auto const x = column(members(), index_t(m));
        state_.best_x.assign(x.begin(), x.end());
        state_.best = values[m];
        fresh = false;
      }
    }
    return !state_.best_x.empty() && (!had_best || better(state_.best, before, options_.sense));
  }

  // For the next generation: the best to be valued again, and a share of the elites.
  void keep(std::span<index_t const> order) {
    state_.kept.clear();
    if (options_.keep_best == elitist::reevaluate) {
      state_.kept = state_.best_x;
    }
    index_t const elites = detail::elite_count(options_.elite_ratio, members().cols);
    std::size_t const count = std::min(
        order.size(), std::size_t(std::ceil(options_.keep_elites * double(elites))));
    for (std::size_t i = 0; i < count; ++i) {
      auto const x = column(members(), order[i]);
      state_.kept.insert(state_.kept.end(), x.begin(), x.end());
    }
  }

  cem_record<T> describe(std::span<fitness const> values, std::span<index_t const> order,
                         bool flat) const {
    auto const [low, high] = detail::std_range(options_, state_.std);
    return {state_.generation,
            state_.evals,
            state_.best,
            order.empty() ? fitness{} : values[std::size_t(order.front())],
            state_.best_x,
            state_.mean,
            state_.std,
            low,
            high,
            flat};
  }

  cem_options<T> options_;
  cem_state<T> state_;
  std::vector<observer> observers_;
  clock::time_point start_ = clock::now();
};

}  // namespace svf
