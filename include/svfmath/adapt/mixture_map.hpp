// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstddef>
#include <span>
#include <vector>

#include <svfmath/core/error.hpp>
#include <svfmath/core/matrix.hpp>
#include <svfmath/core/view.hpp>
#include <svfmath/expert/bank.hpp>
#include <svfmath/expert/sums.hpp>

namespace svf {

/// What a weight vector α makes of the experts z_k.
enum class mixture_form {
  mixture,       ///< z' = Σ_k α_k z_k, the paper's
  weighted_sum,  ///< z' = 1 + Σ_k α_k (z_k − 1); the same where Σα = 1
};

/// Whether α is used as it is.
enum class mixture_weights {
  normalised,  ///< divided by Σα, so that it sums to 1
  free,        ///< as it is
};

/// How many weights there are.
enum class mixture_sharing {
  per_expert,  ///< one per expert, K
  per_layer,   ///< one per expert and layer of the layout, K·L
};

/// The map from a search point (α as a flat list, the K weights of one layer after the other) to
/// the adapted vector z'. A layer whose weights sum to less than `zero_sum` in size says "no
/// expert", where a sum of experts would be no meaningful model: under `normalised` and under
/// `mixture` it is the base, z' = 1. Every one-hot is that expert exactly and zero is the base
/// exactly.
class mixture_map {
 public:
  static constexpr double zero_sum = 1e-6;

  /// Keeps a reference to `experts`. Throws `error{shape}` for K = 0.
  mixture_map(bank const& experts, mixture_form form = mixture_form::mixture,
              mixture_weights use = mixture_weights::normalised,
              mixture_sharing sharing = mixture_sharing::per_expert)
      : experts_(experts),
        form_(form),
        use_(use),
        layers_(sharing == mixture_sharing::per_layer ? experts.layout().layers() : 1) {
    expects(experts.size() > 0, error_kind::shape,
            "mixture_map: expected at least one expert, got a bank of 0");
  }

  /// The number of weights, K or K·L.
  index_t dim() const { return experts_.size() * layers_; }

  std::vector<double> uniform() const {
    return std::vector<double>(std::size_t(dim()), 1.0 / double(experts_.size()));
  }
  std::vector<double> zero() const { return std::vector<double>(std::size_t(dim()), 0.0); }
  /// Expert `k` alone, in every layer. Throws `error{shape}` for one that the bank lacks.
  std::vector<double> one_hot(index_t k) const {
    expects(k >= 0 && k < experts_.size(), error_kind::shape,
            "mixture_map: expected an expert below ", experts_.size(), ", got ", k);
    std::vector<double> point = zero();
    for (index_t l = 0; l < layers_; ++l) {
      point[std::size_t(l * experts_.size() + k)] = 1.0;
    }
    return point;
  }

  /// α as a K×L table, normalised where asked for; zero in layers that are the base by `zero_sum`.
  /// Throws `error{shape}` for a wrong length.
  matrix<double> weights(std::span<double const> point) const {
    expects(index_t(point.size()) == dim(), error_kind::shape, "mixture_map: expected ", dim(),
            " weights, got ", point.size());
    index_t const count = experts_.size();
    matrix<double> table(count, layers_);
    for (index_t l = 0; l < layers_; ++l) {
      auto const alpha = point.subspan(std::size_t(l * count), std::size_t(count));
      double sum = 0.0;
      for (double const a : alpha) {
        sum += a;
      }
      bool const none = is_base(sum);
      double const divisor = use_ == mixture_weights::normalised ? sum : 1.0;
      for (index_t k = 0; k < count; ++k) {
        table(k, l) = none ? 0.0 : alpha[std::size_t(k)] / divisor;
      }
    }
    return table;
  }

  /// z' (D). Throws `error{shape}` for a wrong length, `error{numeric}` for weights or results that
  /// are not finite. O(KD).
  std::vector<float> z(std::span<double const> point) const {
    matrix<double> const table = weights(point);
    bool const plain = form_ == mixture_form::mixture && use_ == mixture_weights::free;
    expert const blended = plain ? blend_mixture(table) : blend_sum(table);
    std::vector<float> result(blended.values().begin(), blended.values().end());
    for (site const& each : experts_.layout().sites()) {
      index_t const l = layers_ == 1 ? 0 : each.layer;
      if (plain && all_zero(table, l)) {
        std::fill_n(result.begin() + each.offset, each.rank(), 1.0f);
      }
    }
    return result;
  }

 private:
  bool is_base(double sum) const {
    bool const natural = form_ == mixture_form::weighted_sum && use_ == mixture_weights::free;
    return !natural && sum < zero_sum && sum > -zero_sum;
  }
  static bool all_zero(matrix<double> const& table, index_t l) {
    for (index_t k = 0; k < table.rows(); ++k) {
      if (table(k, l) != 0.0) {
        return false;
      }
    }
    return true;
  }
  expert blend_mixture(matrix<double> const& table) const {
    return layers_ == 1 ? mixture(experts_, flat(table)) : per_layer_mixture(experts_, table);
  }
  // Also for normalised weights, where both forms agree and zero is the base.
  expert blend_sum(matrix<double> const& table) const {
    return layers_ == 1 ? weighted_sum(experts_, flat(table))
                        : per_layer_weighted_sum(experts_, table);
  }
  static vector_view<double const> flat(matrix<double> const& table) {
    return {table.data(), table.rows()};
  }

  bank const& experts_;
  mixture_form form_;
  mixture_weights use_;
  index_t layers_;
};

}  // namespace svf
