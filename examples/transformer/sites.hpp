// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <span>
#include <vector>

#include <svfmath/expert/layout.hpp>

#include "checkpoint.hpp"
#include "engine.hpp"
#include "weights.hpp"

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

}  // namespace llama
