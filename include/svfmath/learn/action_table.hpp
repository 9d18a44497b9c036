// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cmath>
#include <cstddef>
#include <span>
#include <string_view>
#include <type_traits>
#include <vector>

#include <svfmath/core/error.hpp>

namespace svf {

/// One row of values per question, rows of any length ("ragged"): scores, probabilities or
/// gradients of every possible action, or the actions sampled and the rewards they earned. For a
/// token-level policy a row is one token's logits.
template <class T>
struct action_table {
  using value_type = T;

  std::vector<T> values;                ///< rows one after the other
  std::vector<std::size_t> offsets{0};  ///< where each row begins, and the end: questions + 1

  std::size_t questions() const { return offsets.empty() ? 0 : offsets.size() - 1; }
  /// Not checked, since this is the inner loop (3 % of policy_gradient): q < questions(), and the
  /// offsets are those of a table that `check_table` accepts.
  std::size_t actions(std::size_t q) const { return offsets[q + 1] - offsets[q]; }
  std::span<T> row(std::size_t q) { return std::span(values).subspan(offsets[q], actions(q)); }
  std::span<T const> row(std::size_t q) const {
    return std::span(values).subspan(offsets[q], actions(q));
  }

  void push_row(std::span<T const> row) {
    values.insert(values.end(), row.begin(), row.end());
    offsets.push_back(values.size());
  }

  friend bool operator==(action_table const&, action_table const&) = default;
};

/// A zero-filled table with the rows of `shape`.
template <class U, class T>
action_table<U> table_like(action_table<T> const& shape) {
  return {std::vector<U>(shape.values.size()), shape.offsets};
}

/// A zero-filled table of `questions` rows of `actions` values each.
template <class T>
action_table<T> uniform_table(std::size_t questions, std::size_t actions) {
  action_table<T> table;
  table.values.resize(questions * actions);
  table.offsets.resize(questions + 1);
  for (std::size_t q = 0; q <= questions; ++q) {
    table.offsets[q] = q * actions;
  }
  return table;
}

/// Checks that the offsets describe the values, that no row is empty and that floating-point
/// values are finite. Throws `error{shape}` or `error{numeric}` naming `where`. O(values).
template <class T>
void check_table(action_table<T> const& table, std::string_view where) {
  auto const& offsets = table.offsets;
  expects(!offsets.empty() && offsets.front() == 0 && offsets.back() == table.values.size(),
          error_kind::shape, where, ": the offsets do not describe ", table.values.size(),
          " values");
  for (std::size_t q = 0; q + 1 < offsets.size(); ++q) {
    expects(offsets[q] < offsets[q + 1], error_kind::shape, where, ": expected at least one ",
            "action in row ", q, ", got offsets ", offsets[q], " and ", offsets[q + 1]);
  }
  if constexpr (std::is_floating_point_v<T>) {
    for (std::size_t i = 0; i < table.values.size(); ++i) {
      expects(std::isfinite(table.values[i]), error_kind::numeric, where,
              ": expected finite values, got ", table.values[i], " at position ", i);
    }
  }
}

/// Checks that two tables have the same rows. Throws `error{shape}` naming `where`.
template <class T, class U>
void check_same_rows(action_table<T> const& a, action_table<U> const& b, std::string_view where) {
  expects(a.offsets == b.offsets, error_kind::shape, where, ": expected tables of equal rows, got ",
          a.questions(), " rows of ", a.values.size(), " values in all and ", b.questions(),
          " rows of ", b.values.size());
}

}  // namespace svf
