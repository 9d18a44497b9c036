// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <functional>
#include <limits>
#include <map>
#include <sstream>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <svfmath/core/error.hpp>
#include <svfmath/core/in_quotes.hpp>
#include <svfmath/core/view.hpp>
#include <svfmath/factor/fingerprint.hpp>

namespace svf {

/// What a caller says about one adapted matrix W (rows × cols).
struct site_spec {
  std::string name;   ///< the tensor's name in the model file
  index_t rows = 0;   ///< m
  index_t cols = 0;   ///< n
  fingerprint base{};  ///< content of W; all zero where it is unknown
  index_t layer = 0;  ///< the layer W belongs to, for weights per layer; the caller parses it

  bool operator==(site_spec const&) const = default;
};

/// One adapted matrix and its place in the flat vector z.
struct site : site_spec {
  index_t offset = 0;  ///< of the site's first component

  /// The number of components, r = min(rows, cols).
  index_t rank() const { return std::min(rows, cols); }

  bool operator==(site const&) const = default;
};

/// The adapted matrices of a model, in order, and where each keeps its r components in one flat
/// vector of D = Σr. Experts can be combined when their layouts are equal. Immutable; shared by
/// the experts made for it.
class layout {
 public:
  /// Lays the sites out one after the other. Throws `error{shape}` unless there is at least one
  /// site, names are unique and not empty, extents are >= 1 and layers >= 0, and sizes do not
  /// overflow.
  explicit layout(std::vector<site_spec> specs) {
    expects(!specs.empty(), error_kind::shape, "layout: expected at least one site, got none");
    sites_.reserve(specs.size());
    for (auto& spec : specs) {
      append(std::move(spec));
    }
    std::vector<fingerprint> bases;
    for (auto const& each : sites_) {
      bases.push_back(each.base);
    }
    base_ = combine(std::span<fingerprint const>(bases));
  }

  std::span<site const> sites() const { return sites_; }
  site const& operator[](index_t i) const { return sites_[std::size_t(i)]; }
  /// The number of sites, S.
  index_t count() const { return index_t(sites_.size()); }
  /// The number of components, D = Σr.
  index_t size() const { return size_; }
  /// One more than the largest layer index, L.
  index_t layers() const { return layers_; }

  /// The site of that name, or null. O(log S).
  site const* find(std::string_view name) const {
    auto const it = index_.find(name);
    return it == index_.end() ? nullptr : &sites_[it->second];
  }

  /// The site that component i of the flat vector belongs to, 0 <= i < D. Throws `error{shape}`
  /// outside. O(log S).
  site const& site_of(index_t i) const {
    expects(i >= 0 && i < size_, error_kind::shape, "layout: expected a component below ", size_,
            ", got ", i);
    auto const after = std::upper_bound(sites_.begin(), sites_.end(), i,
                                        [](index_t c, site const& s) { return c < s.offset; });
    return *std::prev(after);
  }

  /// The fingerprints of all sites in order, as one: what an expert file is checked against.
  fingerprint base_fingerprint() const { return base_; }

  /// Equal names, extents, base fingerprints and layers in equal order.
  bool operator==(layout const& other) const { return sites_ == other.sites_; }

 private:
  void append(site_spec&& spec) {
    constexpr index_t largest = std::numeric_limits<index_t>::max();
    expects(!spec.name.empty(), error_kind::shape, "layout: expected a name for site ", count());
    expects(spec.rows >= 1 && spec.cols >= 1 && spec.rows <= largest / spec.cols, error_kind::shape,
            "layout: expected extents >= 1 that fit in memory for ", in_quotes(spec.name), ", got ",
            spec.rows, "x", spec.cols);
    expects(spec.layer >= 0 && spec.layer < largest, error_kind::shape,
            "layout: expected a layer >= 0 for ", in_quotes(spec.name), ", got ", spec.layer);
    expects(index_.try_emplace(spec.name, sites_.size()).second, error_kind::shape,
            "layout: expected unique names, got ", in_quotes(spec.name), " twice");
    site next;
    static_cast<site_spec&>(next) = std::move(spec);
    next.offset = size_;
    expects(next.rank() <= largest - size_, error_kind::shape, "layout: the number of components",
            " overflows at ", in_quotes(next.name));
    size_ += next.rank();
    layers_ = std::max(layers_, next.layer + 1);
    sites_.push_back(std::move(next));
  }

  std::vector<site> sites_;
  std::map<std::string, std::size_t, std::less<>> index_;
  index_t size_ = 0;
  index_t layers_ = 0;
  fingerprint base_{};
};

/// In words, the first thing that differs between two layouts; empty if they are equal.
inline std::string first_difference(layout const& a, layout const& b) {
  std::ostringstream out;
  if (a.count() != b.count()) {
    out << a.count() << " sites against " << b.count();
    return out.str();
  }
  for (index_t i = 0; i < a.count(); ++i) {
    site const& x = a[i];
    site const& y = b[i];
    if (x.name != y.name || x.rows != y.rows || x.cols != y.cols) {
      out << "site " << i << " is " << in_quotes(x.name) << " " << x.rows << "x" << x.cols
          << " against " << in_quotes(y.name) << " " << y.rows << "x" << y.cols;
    } else if (x.base != y.base) {
      out << "site " << in_quotes(x.name) << " has base " << x.base.hex() << " against "
          << y.base.hex();
    } else if (x.layer != y.layer) {
      out << "site " << in_quotes(x.name) << " is in layer " << x.layer << " against " << y.layer;
    } else {
      continue;
    }
    break;
  }
  return out.str();
}

}  // namespace svf
