// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstddef>
#include <numeric>
#include <utility>
#include <vector>

#include <svfmath/core/view.hpp>

namespace svf::detail {

/// The order of the eigenproblem of W.
template <class T, class Space>
index_t smaller_side(matrix_view<T, Space> const& w) {
  return std::min(w.rows, w.cols);
}

/// Flops of `factorize`.
template <class T, class Space>
double factorize_cost(matrix_view<T, Space> const& w) {
  double const n = double(smaller_side(w));
  return 4.0 * double(w.size()) * n + 11.0 * n * n * n;
}

/// Numbers of matrices whose eigenproblems have the same order n, the groups that cost most first.
/// No group is longer than `most(n, size)`, with `size` the most elements of such a matrix. Those
/// of one order cost about the same, and their number is a multiple of `policies` where there are
/// matrices enough, so that each policy may have its share.
template <class T, class Space, class Most>
std::vector<std::vector<std::size_t>> batches(std::vector<matrix_view<T, Space>> const& weights,
                                              std::size_t policies, Most&& most) {
  std::vector<std::size_t> order(weights.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](std::size_t i, std::size_t j) {
    return std::pair(smaller_side(weights[i]), weights[i].size()) >
           std::pair(smaller_side(weights[j]), weights[j].size());
  });
  std::vector<std::pair<double, std::vector<std::size_t>>> found;
  for (std::size_t first = 0; first < order.size();) {
    index_t const n = smaller_side(weights[order[first]]);
    std::size_t last = first;
    while (last < order.size() && smaller_side(weights[order[last]]) == n) {
      ++last;
    }
    std::size_t const count = last - first;
    auto const longest = std::size_t(most(n, weights[order[first]].size()));
    std::size_t groups = (count + longest - 1) / longest;
    groups = std::min(count, (groups + policies - 1) / policies * policies);
    for (std::size_t g = 0; g < groups; ++g) {  // as cards are dealt, large ones to all
      double cost = 0.0;
      std::vector<std::size_t> members;
      for (std::size_t k = first + g; k < last; k += groups) {
        members.push_back(order[k]);
        cost += factorize_cost(weights[order[k]]);
      }
      found.emplace_back(cost, std::move(members));
    }
    first = last;
  }
  std::stable_sort(found.begin(), found.end(),
                   [](auto const& a, auto const& b) { return a.first > b.first; });
  std::vector<std::vector<std::size_t>> result;
  for (auto& each : found) {
    result.push_back(std::move(each.second));
  }
  return result;
}

}  // namespace svf::detail
