// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cmath>
#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include <svfmath/core/error.hpp>
#include <svfmath/core/in_quotes.hpp>
#include <svfmath/core/view.hpp>
#include <svfmath/expert/detail/xtensor.hpp>
#include <svfmath/expert/layout.hpp>

namespace svf {

/// The values as an xtensor expression, without a copy.
template <class T>
auto as_xtensor(std::span<T> values) {
  return xt::adapt(values.data(), values.size(), xt::no_ownership(),
                   std::array<std::size_t, 1>{values.size()});
}

/// One skill: a multiplier z_i for every singular value of every site of a layout, so that each
/// weight matrix becomes W' = U diag(σ∘z) Vᵀ. z = 1 is the base model, exactly. A value: copying
/// one copies D floats and shares the layout. Invariant: z has D finite elements.
class expert {
 public:
  /// Throws `error{shape}` for a missing layout or a z that has not D elements, `error{numeric}`
  /// naming site and component where z is not finite. O(D).
  expert(std::shared_ptr<svf::layout const> layout, xt::xtensor<float, 1> z, std::string name)
      : layout_(std::move(layout)), z_(std::move(z)), name_(std::move(name)) {
    expects(layout_ != nullptr, error_kind::shape, "expert ", in_quotes(name_),
            ": expected a layout");
    expects(index_t(z_.size()) == layout_->size(), error_kind::shape, "expert ", in_quotes(name_),
            ": expected ", layout_->size(), " components, got ", z_.size());
    for (index_t i = 0; i < layout_->size(); ++i) {
      if (!std::isfinite(z_.data()[i])) [[unlikely]] {
        svf::site const& where = layout_->site_of(i);
        fail(error_kind::numeric, "expert ", in_quotes(name_), ": expected finite components, got ",
             z_.data()[i], " at ", in_quotes(where.name), "[", i - where.offset, "]");
      }
    }
  }

  /// The same from a copy of `z`.
  expert(std::shared_ptr<svf::layout const> layout, std::span<float const> z, std::string name)
      : expert(std::move(layout), xt::xtensor<float, 1>(as_xtensor(z)), std::move(name)) {}

  /// The base model: z = 1.
  static expert identity(std::shared_ptr<svf::layout const> layout, std::string name = "base") {
    expects(layout != nullptr, error_kind::shape, "expert::identity: expected a layout");
    auto const size = std::size_t(layout->size());
    return expert(std::move(layout), xt::xtensor<float, 1>({size}, 1.0f), std::move(name));
  }

  svf::layout const& layout() const { return *layout_; }
  std::shared_ptr<svf::layout const> const& shared_layout() const { return layout_; }
  std::string const& name() const { return name_; }

  /// z (D) as xtensor, for expressions.
  xt::xtensor<float, 1> const& z() const { return z_; }
  /// z (D) as a span, for everything else.
  std::span<float const> values() const { return {z_.data(), z_.size()}; }
  /// The r components of site i. Throws `error{shape}` if there is no such site.
  std::span<float const> site(index_t i) const {
    expects(i >= 0 && i < layout_->count(), error_kind::shape, "expert ", in_quotes(name_),
            ": expected a site below ", layout_->count(), ", got ", i);
    return values().subspan(std::size_t((*layout_)[i].offset), std::size_t((*layout_)[i].rank()));
  }
  /// The r components of the site of that name. Throws `error{shape}` if there is no such site.
  std::span<float const> site(std::string_view site_name) const {
    auto const* found = layout_->find(site_name);
    expects(found != nullptr, error_kind::shape, "expert ", in_quotes(name_), ": has no site ",
            in_quotes(site_name));
    return values().subspan(std::size_t(found->offset), std::size_t(found->rank()));
  }

  /// Whether this is the base model, z = 1 exactly.
  bool is_identity() const {
    for (float const value : values()) {
      if (value != 1.0f) {
        return false;
      }
    }
    return true;
  }

  /// The same skill under another name.
  expert renamed(std::string name) const& { return expert(*this).renamed(std::move(name)); }
  expert renamed(std::string name) && {
    name_ = std::move(name);
    return std::move(*this);
  }

 private:
  std::shared_ptr<svf::layout const> layout_;
  xt::xtensor<float, 1> z_;
  std::string name_;
};

/// Throws `error{shape}` that names both experts and the first difference unless their layouts are
/// equal. O(1) where they share one layout, O(S) otherwise.
inline void expect_same_layout(std::string_view where, expert const& a, expert const& b) {
  if (a.shared_layout() != b.shared_layout() && !(a.layout() == b.layout())) [[unlikely]] {
    fail(error_kind::shape, where, ": experts ", in_quotes(a.name()), " and ", in_quotes(b.name()),
         " have different layouts: ", first_difference(a.layout(), b.layout()));
  }
}

}  // namespace svf
