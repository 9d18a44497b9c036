// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <concepts>
#include <cstddef>
#include <limits>
#include <mutex>
#include <ranges>
#include <span>
#include <utility>
#include <vector>

#include <svfmath/core/concepts.hpp>
#include <svfmath/core/error.hpp>
#include <svfmath/core/matrix.hpp>
#include <svfmath/core/view_conversion.hpp>
#include <svfmath/factor/detail/batches.hpp>
#include <svfmath/factor/detail/share_out.hpp>
#include <svfmath/factor/factorize_each.hpp>

namespace svf {

namespace detail {

/// Whether two policies allocate from the same memory.
template <class Exec>
bool share_memory(Exec const& a, Exec const& b) {
  if constexpr (requires { a.device(); }) {
    return a.device() == b.device();
  } else {
    return true;
  }
}

/// The most eigenproblems of order n for which every policy has room, beside a copy of each matrix.
template <class Exec>
index_t common_batch_size(std::span<Exec> execs, index_t n, double bytes_of_copy) {
  index_t most = std::numeric_limits<index_t>::max();
  for (Exec& exec : execs) {
    auto const sharers = std::count_if(execs.begin(), execs.end(), [&](Exec const& other) {
      return share_memory(exec, other);
    });
    most = std::min(most, eigh_batch_size(exec, n, bytes_of_copy, int(sharers)));
  }
  return most;
}

/// In the memory of such policies or on the host.
template <class X, class Exec>
concept within_reach =
    matrix_for<X, Exec> ||
    (matrix_like<X> && std::same_as<typename decltype(as_matrix(std::declval<X&>()))::space,
                                    host_space>);

}  // namespace detail

/// `factorize_each` by several policies at once, those of several devices: the matrices of every
/// order are divided among them, and whoever is free takes the costliest batch that is left. The
/// factors of `weights[i]` are handed to `sink(exec, i, svd_factors<T, Space>&&)`, with `exec` the
/// policy that made them, in whose memory they lie, on the thread of that policy. Calls of the sink
/// do not overlap; their order is open. It may compute with `exec`, not with the other policies.
///
/// `execs`: a range of policies next to each other, such as a std::vector; one device may have
/// several. `weights`: as for one policy, on any of the devices, or on the host. A policy copies
/// the weights of its batch that it cannot read in place. Weights that a policy not in `execs`
/// wrote need its `synchronize`.
///
/// The factors promise what those of `factorize_each` promise. Which matrices make a batch depends
/// on the weights, the number of policies and the memory that is free, not on who was free when:
/// with these the same and devices of one kind, the bits are those of every other run. With another
/// number of policies the batches, and so the last bits, may be others; on the CPU they are not.
///
/// Throws `error{shape}` without policies and what `factorize_each` throws, of several exceptions
/// the first, once every policy has finished its batch. The sink is not called after that. Memory
/// on each device: as for one policy, and the copies; policies on one device divide it.
template <std::ranges::contiguous_range Execs, detail::lasting_matrices Weights, class Sink>
requires execution_policy<std::ranges::range_value_t<Execs>> &&
         detail::within_reach<std::ranges::range_value_t<Weights> const,
                              std::ranges::range_value_t<Execs>>
void factorize_each(Execs&& execs, Weights const& weights, Sink&& sink) {
  using exec_type = std::ranges::range_value_t<Execs>;
  using value_type = matrix_value_t<std::ranges::range_value_t<Weights> const>;
  std::span<exec_type> const all(execs);
  expects(!all.empty(), error_kind::shape, "factorize_each: expected a policy or more, got none");
  for (exec_type& exec : all) {
    if constexpr (requires { exec.synchronize(); }) {
      exec.synchronize();  // what it has written can be read by others now
    }
  }
  auto const views = detail::views_of(weights);
  auto const groups = detail::batches(views, all.size(), [&](index_t n, index_t size) {
    return detail::common_batch_size(all, n, double(size) * sizeof(value_type));
  });
  detail::work_list list{index_t(groups.size())};
  std::mutex one_at_a_time;
  bool sink_failed = false;
  detail::share_out(all, list, [&](exec_type& exec, index_t g) {
    auto const& group = groups[std::size_t(g)];
    auto here = make_carrier<value_type>(exec);
    for (std::size_t const number : group) {
      detail::naming_weight(number, [&] { here.add(views[number]); });
    }
    detail::factorize_batch(
        exec, group, [&](std::size_t k) { return here.view(k); },
        [&](std::size_t number, auto&& factors) {
          std::scoped_lock const lock(one_at_a_time);
          if (sink_failed || list.stopped()) {
            return;
          }
          sink_failed = true;
          sink(exec, number, std::forward<decltype(factors)>(factors));
          sink_failed = false;
        });
  });
}

}  // namespace svf
