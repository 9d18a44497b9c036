// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <concepts>

#include <svfmath/core/concepts.hpp>
#include <svfmath/core/config.hpp>
#include <svfmath/core/detail/function_objects.hpp>
#include <svfmath/core/error.hpp>
#include <svfmath/core/matrix.hpp>
#include <svfmath/core/transfer.hpp>
#include <svfmath/core/view_conversion.hpp>

namespace svf {

namespace detail {

/// Stores choice(i) where it lies in [0, choices), otherwise 0, and is i where it does not,
/// otherwise the number of rows.
template <class I, class Space>
struct stored_choice {
  vector_view<I const, Space> choice;
  index_t choices;
  vector_view<index_t, Space> out;

  SVFMATH_HOST_DEVICE index_t operator()(index_t i) const {
    index_t const value = static_cast<index_t>(choice[i]);
    bool const good = value >= 0 && value < choices;
    out[i] = good ? value : 0;
    return good ? out.size : i;
  }
};

}  // namespace detail

/// Which of `choices` spectra (experts, or mixtures of them) each row of a batch is given: what an
/// engine sets once per batch and hands to `apply_mixed` at every site of the model. The numbers
/// are copied into the memory of the policy and checked on the way, so that nothing has to be
/// checked, and no one has to wait, where they are used.
template <class Space>
class row_selection {
 public:
  /// `rows`: T integers in [0, choices), in the memory of the host or of the policy. Throws
  /// `error{shape}` naming the first row whose number is outside, and for choices < 1. O(T); waits
  /// for the check.
  template <execution_policy Exec, vector_like I>
    requires std::integral<vector_value_t<I const>>
  row_selection(Exec& exec, index_t choices, I const& rows) : choices_(choices) {
    expects(choices >= 1, error_kind::shape, "row_selection: expected at least one choice, got ",
            choices);
    assign(exec, rows);
  }

  /// The next batch, among the same choices. Keeps its memory while T does not grow, and is in the
  /// order of the policy's work. Throws as the constructor does; the selection then has no rows.
  template <execution_policy Exec, vector_like I>
    requires std::integral<vector_value_t<I const>>
  void assign(Exec& exec, I const& rows) {
    auto const there = detail::reachable(exec, as_vector(rows));
    auto const source = as_const(as_vector(there));
    size_ = 0;
    if (numbers_.size() < source.size) {
      numbers_ = make_vector<index_t>(exec, source.size);
    }
    vector_view<index_t, Space> const out(numbers_.data(), source.size);
    index_t const first =
        begin_reduce(exec, source.size, source.size,
                     detail::stored_choice<vector_value_t<I const>, Space>{source, choices_, out},
                     detail::smaller())
            .get();
    if (first < source.size) {
      fail(error_kind::shape, "row_selection: expected numbers from 0 to ", choices_ - 1, ", got ",
           static_cast<index_t>(detail::value_at(exec, source, first)), " for row ", first);
    }
    size_ = source.size;
  }

  /// The number of rows, T.
  index_t size() const { return size_; }
  index_t choices() const { return choices_; }
  /// The numbers (T), all of them in [0, choices).
  vector_view<index_t const, Space> view() const { return {numbers_.data(), size_}; }

 private:
  index_t choices_;
  index_t size_ = 0;
  vector<index_t, Space> numbers_;
};

template <class Exec, class I>
row_selection(Exec&, index_t, I const&) -> row_selection<typename Exec::space>;

}  // namespace svf
