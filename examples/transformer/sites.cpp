// SPDX-License-Identifier: Apache-2.0
#include "sites.hpp"

#include <string>
#include <utility>

#include <svfmath/factor/fingerprint.hpp>

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

}  // namespace llama
