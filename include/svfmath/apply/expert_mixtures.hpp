// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cmath>
#include <concepts>
#include <cstddef>
#include <vector>

#include <svfmath/core/concepts.hpp>
#include <svfmath/core/error.hpp>
#include <svfmath/core/matrix.hpp>
#include <svfmath/core/transfer.hpp>
#include <svfmath/core/view_conversion.hpp>

namespace svf {

namespace detail {

/// Mixture g has the entries [offsets(g), offsets(g+1)) of `experts` and `weights`.
template <class Space>
struct mixture_entries {
  vector_view<index_t const, Space> offsets;
  vector_view<index_t const, Space> experts;
  vector_view<double const, Space> weights;
};

/// The values of x, in either memory, as To on the host.
template <class To, class Exec, class X>
std::vector<To> list_of(Exec& exec, X const& x) {
  auto const here = readable(exec, as_vector(x));
  auto const values = as_vector(here);
  std::vector<To> result(std::size_t(values.size));
  for (index_t i = 0; i < values.size; ++i) {
    result[std::size_t(i)] = static_cast<To>(values[i]);
  }
  return result;
}

}  // namespace detail

/// G mixtures of E experts, z = Σ_k α_{g,k} z_k, kept as lists of the experts that take part.
/// Weights are used as they are: they need not be positive nor sum to one, and a mixture without
/// entries has z = 0. A mixture of differences, 1 + Σ_k α_k (z_k − 1), is one in which the expert
/// z = 1 has the weight 1 − Σ_k α_k. Made once for all sites, in the memory of a policy.
template <class Space>
class expert_mixtures {
 public:
  /// Mixture g consists of `members[i]` with `weights[i]` for offsets[g] <= i < offsets[g+1].
  /// offsets: G+1 integers that begin with 0, do not fall and end with the number of members;
  /// members: integers in [0, experts). All in the memory of the host or of the policy. Throws
  /// `error{shape}` for lists that do not fit and for G < 1, `error{numeric}` for a weight that is
  /// not finite; both name the mixture. O(entries).
  template <execution_policy Exec, vector_like O, vector_like I, vector_like W>
    requires std::integral<vector_value_t<O const>> && std::integral<vector_value_t<I const>>
  expert_mixtures(Exec& exec, index_t experts, O const& offsets, I const& members, W const& weights)
      : expert_mixtures(
            exec, experts,
            lists{detail::list_of<index_t>(exec, offsets), detail::list_of<index_t>(exec, members),
                  detail::list_of<double>(exec, weights)}) {}

  /// The same from all weights α (G×E); those that are 0 take no part.
  template <execution_policy Exec, matrix_like A>
  expert_mixtures(Exec& exec, A const& alpha)
      : expert_mixtures(exec, as_matrix(alpha).cols, lists_of(exec, alpha)) {}

  /// The number of mixtures, G, and of experts, E.
  index_t size() const { return offsets_.size() - 1; }
  index_t experts() const { return experts_; }
  detail::mixture_entries<Space> entries() const {
    return {offsets_.view(), members_.view(), weights_.view()};
  }

 private:
  struct lists {
    std::vector<index_t> offsets;
    std::vector<index_t> members;
    std::vector<double> weights;
  };

  template <class Exec>
  expert_mixtures(Exec& exec, index_t experts, lists const& all) : experts_(experts) {
    check(all);
    offsets_ = vector_on(exec, all.offsets);
    members_ = vector_on(exec, all.members);
    weights_ = vector_on(exec, all.weights);
  }

  void check(lists const& all) const {
    auto const& [offsets, members, weights] = all;
    expects(offsets.size() >= 2 && members.size() == weights.size(), error_kind::shape,
            "expert_mixtures: expected offsets of at least one mixture and a weight for each ",
            "expert, got ", offsets.size(), " offsets, ", members.size(), " experts and ",
            weights.size(), " weights");
    expects(offsets.front() == 0 && offsets.back() == index_t(members.size()), error_kind::shape,
            "expert_mixtures: expected offsets from 0 to ", members.size(), ", got ",
            offsets.front(), " to ", offsets.back());
    for (std::size_t g = 0; g + 1 < offsets.size(); ++g) {
      expects(offsets[g] <= offsets[g + 1] && offsets[g + 1] <= offsets.back(), error_kind::shape,
              "expert_mixtures: expected offsets that do not fall, got ", offsets[g], " and ",
              offsets[g + 1], " for mixture ", g);
      for (auto i = std::size_t(offsets[g]); i < std::size_t(offsets[g + 1]); ++i) {
        expects(members[i] >= 0 && members[i] < experts_, error_kind::shape,
                "expert_mixtures: expected experts from 0 to ", experts_ - 1, ", got ", members[i],
                " in mixture ", g);
        expects(std::isfinite(weights[i]), error_kind::numeric,
                "expert_mixtures: expected finite weights, got ", weights[i], " for expert ",
                members[i], " in mixture ", g);
      }
    }
  }

  template <class Exec, class A>
  static lists lists_of(Exec& exec, A const& alpha) {
    auto const here = detail::readable(exec, as_matrix(alpha));
    auto const values = as_matrix(here);
    lists all{{0}, {}, {}};
    for (index_t g = 0; g < values.rows; ++g) {
      for (index_t k = 0; k < values.cols; ++k) {
        if (double const weight = double(values(g, k)); weight != 0.0) {
          all.members.push_back(k);
          all.weights.push_back(weight);
        }
      }
      all.offsets.push_back(index_t(all.members.size()));
    }
    return all;
  }

  index_t experts_;
  vector<index_t, Space> offsets_;  // (G+1)
  vector<index_t, Space> members_;
  vector<double, Space> weights_;
};

template <class Exec, class... Lists>
expert_mixtures(Exec&, Lists const&...) -> expert_mixtures<typename Exec::space>;

}  // namespace svf
