// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <mutex>
#include <ranges>
#include <type_traits>
#include <utility>
#include <vector>

#include <svfmath/core/concepts.hpp>
#include <svfmath/core/error.hpp>
#include <svfmath/core/matrix.hpp>
#include <svfmath/core/view_conversion.hpp>
#include <svfmath/factor/detail/batches.hpp>
#include <svfmath/factor/detail/inspect.hpp>
#include <svfmath/factor/detail/tail_fix.hpp>
#include <svfmath/factor/factorize.hpp>
#include <svfmath/factor/svd_factors.hpp>

namespace svf {

namespace detail {

/// One of the weights that are factored together.
template <class T, class Space>
struct batch_member {
  std::size_t number;
  matrix_view<T, Space> tall;  ///< W, or Wᵀ where W is wide
  bool wide;
  int exponent;
};

/// Says of which weight an error speaks.
template <class Body>
void naming_weight(std::size_t number, Body&& body) {
  try {
    body();
  } catch (error const& problem) {
    fail(problem.kind(), "weight ", number, ": ", problem.what());
  }
}

/// Factors the weights of a group: their eigenproblems together, everything else one by one.
/// `weight(k)` is the view of the k-th of them.
template <class Exec, class Weight, class Sink>
void factorize_batch(Exec& exec, std::vector<std::size_t> const& group, Weight&& weight,
                     Sink&& sink) {
  using view = std::invoke_result_t<Weight&, std::size_t>;
  using element = typename view::element_type;
  using space = typename view::space;
  using value_type = wide_t<typename view::value_type>;
  if (group.size() == 1) {
    naming_weight(group.front(), [&] { sink(group.front(), factorize(exec, weight(0))); });
    return;
  }
  std::vector<batch_member<element, space>> members;
  for (std::size_t place = 0; place < group.size(); ++place) {
    std::size_t const number = group[place];
    naming_weight(number, [&] {
      view const w = weight(place);
      double const largest = largest_entry(exec, "factorize", w);
      if (largest == 0.0) {
        auto const zero = zero_triplets<Exec, space>(exec, w.rows, w.cols);
        sink(number, finished<value_type>(exec, zero, false, 0));
        return;
      }
      bool const wide = w.rows < w.cols;
      members.push_back({number, wide ? transposed(w) : w, wide, scale_exponent(largest)});
    });
  }
  if (members.empty()) {
    return;
  }
  index_t const n = members.front().tall.cols;
  auto eigenvectors = make_matrix<double>(exec, index_t(members.size()) * n, n);
  auto const block = [&](std::size_t k) {
    return eigenvectors.view().rows_range(index_t(k) * n, n);
  };
  for (std::size_t k = 0; k < members.size(); ++k) {
    auto const a = scaled_copy(exec, members[k].tall, members[k].exponent);
    gram(exec, a.view(), block(k));
  }
  eigh_batch(exec, eigenvectors.view());
  for (std::size_t k = 0; k < members.size(); ++k) {
    auto const& member = members[k];
    naming_weight(member.number, [&] {
      auto const a = scaled_copy(exec, member.tall, member.exponent);
      auto tail = make_matrix<double>(exec, n, n);
      copy(exec, as_const(block(k)), tail.view());
      auto const t = gram_triplets(exec, a.view(), std::move(tail));
      sink(member.number, finished<value_type>(exec, t, member.wide, member.exponent));
    });
  }
}

/// Views of a range of weights.
template <class Weights>
auto views_of(Weights const& weights) {
  std::vector<decltype(as_matrix(std::as_const(*std::ranges::begin(weights))))> result;
  for (auto const& w : weights) {
    result.push_back(as_matrix(w));
  }
  return result;
}

/// References to matrices, or views: what `views_of` may take without that something dangles.
template <class Weights>
concept lasting_matrices =
    std::ranges::forward_range<Weights> && matrix_like<std::ranges::range_value_t<Weights> const> &&
    (std::is_lvalue_reference_v<std::ranges::range_reference_t<Weights const>> ||
     is_matrix_view<std::ranges::range_value_t<Weights>>);

}  // namespace detail

/// Factors many matrices as `factorize(exec, w)` does each, and hands those of `weights[i]` to
/// `sink(i, svd_factors<T, Space>&&)` as they come. Calls of the sink do not overlap; their order
/// is open, and on `cpu::par` they come from its threads, so that the sink must not compute with
/// `exec` there. A device has many eigenproblems of one order in work at the same time, the CPU
/// policies one matrix on each thread: the way to factor a model.
///
/// `weights`: a range of references to matrices, or of views, of one element type in the memory of
/// the policy, not changed. What the factors promise is what `factorize` promises; on the CPU they
/// have the same bits, on a device those of a run with the same weights and free memory. Throws
/// what `factorize` and `sink` throw, beginning with "weight i: " where it is one weight's; weights
/// handed to the sink before stay so. Memory beside the results: on the CPU that of `factorize` on
/// every thread, and up to 128 MiB of it that wait for the next weight; on a device about half of
/// what is free at the start, and what `factorize` needs for one. By several policies at once:
/// factorize_each_spread.hpp.
template <execution_policy Exec, detail::lasting_matrices Weights, class Sink>
requires matrix_for<std::ranges::range_value_t<Weights> const, Exec>
void factorize_each(Exec& exec, Weights const& weights, Sink&& sink) {
  auto const views = detail::views_of(weights);
  auto const groups = detail::batches(views, 1, [&](index_t n, index_t) {
    return eigh_batch_size(exec, n);
  });
  std::mutex one_at_a_time;
  for_each_problem(exec, index_t(groups.size()), [&](auto& local, index_t g) {
    auto const& group = groups[std::size_t(g)];
    detail::factorize_batch(local, group, [&](std::size_t k) { return views[group[k]]; },
                            [&](std::size_t number, auto&& factors) {
                              std::scoped_lock const lock(one_at_a_time);
                              sink(number, std::forward<decltype(factors)>(factors));
                            });
  });
}

}  // namespace svf
