// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <span>
#include <utility>
#include <vector>

#include <svfmath/adapt/cem_options.hpp>
#include <svfmath/adapt/cem_state.hpp>
#include <svfmath/adapt/detail/cem_draw.hpp>
#include <svfmath/adapt/detail/cem_update.hpp>
#include <svfmath/adapt/fitness.hpp>

// One generation: draw the members, then learn from their values.
namespace svf::detail {

template <class T>
matrix_view<T const> members_of(cem_options<T> const& o, cem_state<T> const& s) {
  return {s.members.data(), o.dim, index_t(s.members.size()) / o.dim, o.dim, order::col_major};
}
template <class T>
std::span<T const> column(matrix_view<T const> members, index_t m) {
  return {&members(0, m), std::size_t(members.rows)};
}

// Members of the next generation that are not drawn: those kept, as far as there is room beside
// those injected, then these.
template <class T>
index_t seat_count(cem_options<T> const& o, cem_state<T> const& s) {
  return index_t(s.kept.size() + s.seats.size()) / o.dim;
}
// The opening generation is longer than popsize if the injected points need it.
template <class T>
bool is_extra(cem_options<T> const& o, cem_state<T> const& s) {
  return s.opening && index_t(s.seats.size()) / o.dim > s.popsize;
}

template <class T>
void draw(cem_options<T> const& o, cem_state<T>& s) {
  std::size_t const dim = std::size_t(o.dim);
  std::size_t const seats = s.seats.size() / dim;
  std::size_t const count = std::max(std::size_t(s.popsize), seats);
  s.kept.resize(std::min(s.kept.size() / dim, count - seats) * dim);
  s.members = s.kept;
  s.members.insert(s.members.end(), s.seats.begin(), s.seats.end());
  std::size_t const taken = s.members.size() / dim;
  s.members.resize(count * dim);
  cem_normals<T> const normals(o, s.generation);
  for (std::size_t m = taken; m < count; ++m) {
    normals.draw(index_t(m), s.mean, s.std, std::span<T>(s.members).subspan(m * dim, dim));
  }
  s.asked = true;
}

template <class T>
bool is_point(matrix_view<T const> members, index_t m, std::vector<T> const& point) {
  return std::ranges::equal(column(members, m), point);
}

// Updates the best and the contender, the best since the last restart, by the first of the ranked
// members, which does not depend on the places of members of equal worth. A contender that was
// valued again makes room for whatever is the best of its generation; the best of an earlier start
// was not, so it makes room for something better only. True if the contender became better.
template <class T>
bool remember(cem_options<T> const& o, cem_state<T>& s, std::span<fitness const> values,
              std::span<index_t const> order) {
  if (order.empty()) {
    return false;
  }
  fitness const& value = values[std::size_t(order.front())];
  auto const point = column(members_of(o, s), order.front());
  bool const again =
      o.keep_best == elitist::reevaluate && is_point(members_of(o, s), 0, s.contender_x);
  bool const same = s.best_x == s.contender_x;
  auto const take = [&](std::vector<T>& x, fitness& worth, bool makes_room) {
    bool const improves = x.empty() || better(value, worth, o.sense);
    if (improves || makes_room || o.keep_best == elitist::off) {
      x.assign(point.begin(), point.end());
      worth = value;
    }
    return improves;
  };
  take(s.best_x, s.best, again && same);
  return take(s.contender_x, s.contender, again);
}

// For the next generation: the contender to be valued again, and a share of the elites.
template <class T>
void keep(cem_options<T> const& o, cem_state<T>& s, std::span<index_t const> order) {
  s.kept.clear();
  if (o.keep_best == elitist::reevaluate) {
    s.kept = s.contender_x;
  }
  auto const members = members_of(o, s);
  double const elites = double(elite_count(o.elite_ratio, members.cols));
  std::size_t const count = std::min(order.size(), std::size_t(ceiling(o.keep_elites * elites)));
  for (std::size_t i = 0; i < count; ++i) {
    if (o.keep_best == elitist::reevaluate && is_point(members, order[i], s.contender_x)) {
      continue;  // kept already
    }
    auto const x = column(members, order[i]);
    s.kept.insert(s.kept.end(), x.begin(), x.end());
  }
}

// Moves the distribution. The archived contender, with the value it had, competes for the elite
// seats beside the members, unless it is a member: that is what keeps a small population from
// losing what it found.
template <class T>
void move(cem_options<T> const& o, cem_state<T>& s, std::span<fitness const> values) {
  std::size_t const seats = std::size_t(elite_count(o.elite_ratio, index_t(values.size())));
  std::vector<T> points = s.members;
  std::vector<fitness> worth(values.begin(), values.end());
  bool is_member = false;
  for (index_t m = 0; m < index_t(values.size()); ++m) {
    is_member = is_member || (is_measured(values[std::size_t(m)]) &&
                              is_point(members_of(o, s), m, s.contender_x));
  }
  if (o.keep_best == elitist::archive && !s.contender_x.empty() && !is_member) {
    points.insert(points.end(), s.contender_x.begin(), s.contender_x.end());
    worth.push_back(s.contender);
  }
  matrix_view<T const> const pool(points.data(), o.dim, index_t(worth.size()), o.dim,
                                  order::col_major);
  auto const ranking = ranked<T>(pool, worth, o.sense);
  cem_update<T>(o, pool, worth, ranking, std::min(seats, ranking.size()), s.since_restart, s.mean,
                s.std);
}

// What a told generation was like.
struct told_generation {
  fitness best = unmeasured;
  double spread = 0.0;  // best less worst value, of the first of the pair that differs
  bool flat = false;
};

// Learns from the values of the current members; `own` if these are the caller's.
template <class T>
told_generation advance(cem_options<T> const& o, cem_state<T>& s, std::span<fitness const> values,
                        bool own) {
  bool const moves = own || !is_extra(o, s);
  if (!own && std::exchange(s.opening, false)) {
    auto const last = values.begin() + seat_count(o, s);
    s.baselines.assign(last - std::ptrdiff_t(o.corners.size()), last);
  }
  auto const members = members_of(o, s);
  auto const order = ranked<T>(members, values, o.sense);
  told_generation told{.flat = true};
  if (!order.empty()) {
    fitness const& worst = values[std::size_t(order.back())];
    told.best = values[std::size_t(order.front())];
    told.spread = told.best.primary != worst.primary
                      ? std::abs(told.best.primary - worst.primary)
                      : std::abs(told.best.secondary - worst.secondary);
    told.flat = told.best == worst;
  }
  if (moves && !told.flat) {
    move(o, s, values);
  }
  bool const improved = remember(o, s, values, order);
  s.evals += members.cols;
  if (moves) {
    ++s.iters;
    ++s.since_restart;
    s.flat = told.flat ? s.flat + 1 : 0;
    s.since_better = improved ? 0 : s.since_better + 1;
  }
  if (!own) {
    s.seats.clear();
  }
  keep(o, s, order);
  s.asked = false;
  ++s.generation;
  return told;
}

// The least and the largest deviation over coordinates that are not fixed; zeros if all are.
struct std_range {
  double low;
  double high;
};
template <class T>
std_range std_range_of(cem_options<T> const& o, cem_state<T> const& s) {
  double low = std::numeric_limits<double>::infinity();
  double high = 0.0;
  for (std::size_t c = 0; c < s.std.size(); ++c) {
    if (o.lower[c] != o.upper[c]) {
      low = std::min(low, double(s.std[c]));
      high = std::max(high, double(s.std[c]));
    }
  }
  return {std::min(low, high), high};
}

}  // namespace svf::detail
