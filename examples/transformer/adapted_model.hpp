// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include <svfmath/expert/layout.hpp>
#include <svfmath/expert/normalisation.hpp>
#include <svfmath/factor/factor_cache.hpp>
#include <svfmath/factor/svd_factors.hpp>

#include "checkpoint.hpp"
#include "model.hpp"

namespace llama {

/// Which tensor of the checkpoint a site of the layout is.
struct site_place {
  index_t layer;
  projection which;
};

/// The sites of a model: the linear maps of all layers, in the order layer by layer of
/// `all_projections`, under the file's tensor names and with their content fingerprints.
struct model_sites {
  std::shared_ptr<svf::layout const> layout;
  std::vector<site_place> places;
};
/// `chosen`: which projections are adapted; all of them if empty (the paper's "MLP + attention").
/// Fingerprints cost one pass over the weights.
model_sites sites_of(cpu_policy& exec, checkpoint const& source,
                     std::span<projection const> chosen = {});

/// The factors of every site, from the cache where it holds them and computed (and stored) where
/// not. One matrix per thread.
struct factored_sites {
  std::vector<svf::svd_factors<float>> factors;    // by site
  std::vector<svf::factor_accuracy> accuracy;      // by site
  std::size_t from_cache = 0;                      // how many the cache held
};
/// `cache` may be null. `progress(done, total)` is called after every site, one call at a time.
factored_sites factor_sites(cpu_policy& exec, checkpoint const& source, model_sites const& sites,
                            svf::factor_cache const* cache,
                            std::function<void(std::size_t, std::size_t)> const& progress = {});

/// A frozen base model beside a copy whose adapted weights follow an expert vector z (D):
/// W'(z) = U diag(c·σ∘z) Vᵀ at every site. z = 1 gives the base's own weights, bit for bit.
class adapted_model {
 public:
  /// Throws `svf::error{shape}` if the factors are not those of the sites.
  adapted_model(checkpoint const& source, model_sites sites,
                std::vector<svf::svd_factors<float>> factors,
                svf::normalisation normalise = svf::normalisation::none);

  model const& base() const { return base_; }
  model const& current() const { return current_; }
  svf::layout const& layout() const { return *sites_.layout; }
  std::shared_ptr<svf::layout const> const& shared_layout() const { return sites_.layout; }
  std::span<site_place const> places() const { return sites_.places; }
  std::span<svf::svd_factors<float> const> factors() const { return factors_; }
  svf::normalisation normalise() const { return normalise_; }
  std::span<float const> z() const { return z_; }

  /// σ of every component in layout order (D).
  std::vector<float> sigma() const;

  /// The current weights become W'(z), whatever they were. Sites whose part of z is set already are
  /// left alone, so a change at a few sites costs only those.
  /// Throws `svf::error{shape}` unless z has D elements, `error{numeric}` if one is not finite.
  void set_z(cpu_policy& exec, std::span<float const> z);

 private:
  model base_;
  model current_;
  model_sites sites_;
  std::vector<svf::svd_factors<float>> factors_;
  svf::normalisation normalise_;
  std::vector<float> z_;
};

}  // namespace llama
