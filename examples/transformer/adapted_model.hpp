// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <span>
#include <vector>

#include <svfmath/expert/layout.hpp>
#include <svfmath/expert/normalisation.hpp>
#include <svfmath/factor/svd_factors.hpp>

#include "checkpoint.hpp"
#include "factored_sites.hpp"
#include "model.hpp"
#include "sites.hpp"

namespace llama {

/// A frozen base model beside a copy whose adapted weights follow an expert vector z (D):
/// W'(z) = U diag(c·σ∘z) Vᵀ at every site. z = 1 gives the base's own weights, bit for bit.
template <engine E>
class basic_adapted_model {
 public:
  using policy = typename E::policy;
  using factors_type = svf::svd_factors<float, space_of<E>>;

  /// Throws `svf::error{shape}` if the factors are not those of the sites.
  basic_adapted_model(policy& exec, checkpoint const& source, model_sites sites,
                      std::vector<factors_type> factors,
                      svf::normalisation normalise = svf::normalisation::none);

  basic_model<E> const& base() const { return base_; }
  basic_model<E> const& current() const { return current_; }
  svf::layout const& layout() const { return *sites_.layout; }
  std::shared_ptr<svf::layout const> const& shared_layout() const { return sites_.layout; }
  std::span<site_place const> places() const { return sites_.places; }
  std::span<factors_type const> factors() const { return factors_; }
  svf::normalisation normalise() const { return normalise_; }
  std::span<float const> z() const { return z_; }

  /// σ of every component in layout order (D).
  std::vector<float> sigma(policy& exec) const;

  /// The current weights become W'(z), whatever they were. Sites whose part of z is set already are
  /// left alone, so a change at a few sites costs only those.
  /// Throws `svf::error{shape}` unless z has D elements, `error{numeric}` if one is not finite.
  void set_z(policy& exec, std::span<float const> z);

 private:
  basic_model<E> base_;
  basic_model<E> current_;
  model_sites sites_;
  std::vector<factors_type> factors_;
  svf::normalisation normalise_;
  std::vector<float> z_;
};

using adapted_model = basic_adapted_model<cpu_engine>;

extern template class basic_adapted_model<cpu_engine>;

}  // namespace llama
