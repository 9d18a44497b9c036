// SPDX-License-Identifier: Apache-2.0
#include "adapted_model.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <mutex>
#include <numeric>
#include <utility>

#include <svfmath/apply/materialize.hpp>
#include <svfmath/cpu.hpp>
#include <svfmath/factor/accuracy.hpp>
#include <svfmath/factor/factorize.hpp>

namespace llama {

namespace {

std::string const& tensor_name(layer_names const& names, projection p) {
  switch (p) {
    case projection::q: return names.q;
    case projection::k: return names.k;
    case projection::v: return names.v;
    case projection::o: return names.o;
    case projection::gate: return names.gate;
    case projection::up: return names.up;
    case projection::down: break;
  }
  return names.down;
}

// By bits, as -0 gives other weights than 0.
bool same_bits(std::span<float const> a, float const* b) {
  return std::memcmp(a.data(), b, a.size_bytes()) == 0;
}

}  // namespace

model_sites sites_of(cpu_policy& exec, checkpoint const& source,
                     std::span<projection const> chosen) {
  if (chosen.empty()) {
    chosen = all_projections;
  }
  model_sites sites;
  std::vector<svf::site_spec> specs;
  for (index_t l = 0; l < source.cfg.layers; ++l) {
    layer_names const names = source.names(l);
    for (projection p : chosen) {
      auto const& w = source.matrix(tensor_name(names, p));
      specs.push_back({tensor_name(names, p), w.rows(), w.cols(), {}, l});
      sites.places.push_back({l, p});
    }
  }
  for_each_index(exec, index_t(specs.size()), [&](index_t i) {
    auto& spec = specs[std::size_t(i)];
    spec.base = svf::fingerprint_of(source.matrix(spec.name));
  });
  sites.layout = std::make_shared<svf::layout const>(std::move(specs));
  return sites;
}

factored_sites factor_sites(cpu_policy& exec, checkpoint const& source, model_sites const& sites,
                            svf::factor_cache const* cache,
                            std::function<void(std::size_t, std::size_t)> const& progress) {
  auto const list = sites.layout->sites();
  std::size_t const total = list.size();
  factored_sites result;
  result.factors.resize(total);
  result.accuracy.resize(total);
  // The largest first, so that no thread is left with a large one at the end.
  std::vector<std::size_t> order(total);
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
    return list[a].rows * list[a].cols > list[b].rows * list[b].cols;
  });
  std::mutex mutex;
  std::size_t done = 0;
  for_each_index(exec, index_t(total), [&](index_t i) {
    std::size_t const s = order[std::size_t(i)];
    svf::site const& site = list[s];
    bool found = false;
    if (cache != nullptr) {
      if (auto stored = cache->find(site.base, svf::svd_method::gram)) {
        result.factors[s] = std::move(stored->factors);
        result.accuracy[s] = stored->accuracy;
        found = true;
      }
    }
    if (!found) {
      svf::cpu::seq local;
      auto const& w = source.matrix(site.name);
      result.factors[s] = svf::factorize(local, w);
      result.accuracy[s] = svf::measure_accuracy(local, w, result.factors[s]);
      if (cache != nullptr) {
        cache->store(site.base, svf::svd_method::gram, result.factors[s], result.accuracy[s]);
      }
    }
    std::scoped_lock const lock(mutex);
    result.from_cache += found ? 1u : 0u;
    ++done;
    if (progress) {
      progress(done, total);
    }
  });
  return result;
}

adapted_model::adapted_model(checkpoint const& source, model_sites sites,
                             std::vector<svf::svd_factors<float>> factors,
                             svf::normalisation normalise)
    : base_(source),
      current_(base_),
      sites_(std::move(sites)),
      factors_(std::move(factors)),
      normalise_(normalise),
      z_(std::size_t(sites_.layout->size()), 1.0f) {
  svf::expects(factors_.size() == sites_.places.size(), svf::error_kind::shape,
               "adapted_model: expected factors of ", sites_.places.size(), " sites, got ",
               factors_.size());
  for (std::size_t s = 0; s < factors_.size(); ++s) {
    svf::site const& site = (*sites_.layout)[index_t(s)];
    svf::expects(factors_[s].rows() == site.rows && factors_[s].cols() == site.cols &&
                     factors_[s].rank() == site.rank(),
                 svf::error_kind::shape, "adapted_model: expected factors of ", site.rows, "x",
                 site.cols, " for '", site.name, "', got ", factors_[s].rows(), "x",
                 factors_[s].cols());
  }
}

std::vector<float> adapted_model::sigma() const {
  std::vector<float> result;
  for (auto const& f : factors_) {
    result.insert(result.end(), f.s.begin(), f.s.end());
  }
  return result;
}

void adapted_model::set_z(cpu_policy& exec, std::span<float const> z) {
  svf::expects(index_t(z.size()) == layout().size(), svf::error_kind::shape,
               "adapted_model: expected z with D = ", layout().size(), " elements, got ",
               z.size());
  for (float value : z) {
    svf::expects(std::isfinite(value), svf::error_kind::numeric,
                 "adapted_model: expected a finite z, got ", value);
  }
  // A failure below leaves no z behind that the weights do not have.
  auto const before = std::exchange(z_, {});
  for (std::size_t s = 0; s < factors_.size(); ++s) {
    svf::site const& site = layout()[index_t(s)];
    auto const part = z.subspan(std::size_t(site.offset), std::size_t(site.rank()));
    if (!before.empty() && same_bits(part, before.data() + site.offset)) {
      continue;
    }
    auto const place = sites_.places[s];
    auto& w = current_.parameters().layers[std::size_t(place.layer)][place.which];
    if (std::all_of(part.begin(), part.end(), [](float value) { return value == 1.0f; })) {
      w = base_.parameters().layers[std::size_t(place.layer)][place.which];
    } else {
      svf::materialize(exec, factors_[s], part, w, normalise_);
    }
  }
  z_.assign(z.begin(), z.end());
}

}  // namespace llama
