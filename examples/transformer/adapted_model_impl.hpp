// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "adapted_model.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <type_traits>
#include <utility>

#include <svfmath/apply/materialize.hpp>
#include <svfmath/core/transfer.hpp>

/// The members of adapted_model.hpp's class. A unit that instantiates them includes its backend of
/// svfmath before.
namespace llama {

namespace detail {

// By bits, as -0 gives other weights than 0.
inline bool same_bits(std::span<float const> a, float const* b) {
  return std::memcmp(a.data(), b, a.size_bytes()) == 0;
}

}  // namespace detail

template <engine E>
basic_adapted_model<E>::basic_adapted_model(policy& exec, checkpoint const& source,
                                            model_sites sites, std::vector<factors_type> factors,
                                            svf::normalisation normalise)
    : base_(exec, source),
      current_(exec, source),
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

template <engine E>
std::vector<float> basic_adapted_model<E>::sigma(policy& exec) const {
  std::vector<float> result;
  for (auto const& f : factors_) {
    auto const s = svf::host_vector(exec, f.s);
    result.insert(result.end(), s.begin(), s.end());
  }
  return result;
}

template <engine E>
void basic_adapted_model<E>::set_z(policy& exec, std::span<float const> z) {
  svf::expects(index_t(z.size()) == layout().size(), svf::error_kind::shape,
               "adapted_model: expected z with D = ", layout().size(), " elements, got ",
               z.size());
  for (float value : z) {
    svf::expects(std::isfinite(value), svf::error_kind::numeric,
                 "adapted_model: expected a finite z, got ", value);
  }
  // A failure below leaves no z behind that the weights do not have.
  auto const before = std::exchange(z_, {});
  auto const there = svf::vector_on(exec, z);
  for (std::size_t s = 0; s < factors_.size(); ++s) {
    svf::site const& site = layout()[index_t(s)];
    auto const part = z.subspan(std::size_t(site.offset), std::size_t(site.rank()));
    if (!before.empty() && detail::same_bits(part, before.data() + site.offset)) {
      continue;
    }
    auto const place = sites_.places[s];
    auto& w = current_.parameters().layers[std::size_t(place.layer)][place.which];
    if (std::all_of(part.begin(), part.end(), [](float value) { return value == 1.0f; })) {
      copy(exec, base_.parameters().layers[std::size_t(place.layer)][place.which].view(),
           w.view());
      continue;
    }
    svf::vector_view<float const, space_of<E>> const values(there.data() + site.offset,
                                                            site.rank());
    if constexpr (std::is_same_v<typename E::weight, float>) {
      svf::materialize(exec, factors_[s], values, w, normalise_);
    } else {
      copy(exec, svf::materialize(exec, factors_[s], values, normalise_).view(), w.view());
    }
  }
  z_.assign(z.begin(), z.end());
}

}  // namespace llama
