// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <svfmath/core/error.hpp>
#include <svfmath/core/in_quotes.hpp>
#include <svfmath/core/view.hpp>
#include <svfmath/expert/expert.hpp>

namespace svf {

/// K experts over one layout, by name, kept as the rows of a K×D matrix. Adding an expert changes
/// no earlier one. Names are unique.
class bank {
 public:
  /// An empty bank. Throws `error{shape}` without a layout.
  explicit bank(std::shared_ptr<svf::layout const> layout) : layout_(std::move(layout)) {
    expects(layout_ != nullptr, error_kind::shape,
            "bank: expected a layout, or at least one expert to take it from");
  }

  /// A bank of these experts, in order. Throws `error{shape}` for none, for different layouts and
  /// for equal names.
  explicit bank(std::span<expert const> experts)
      : bank(experts.empty() ? nullptr : experts.front().shared_layout()) {
    for (auto const& each : experts) {
      add(each);
    }
  }

  /// Appends a row. Throws `error{shape}` if the name is taken or the layout differs; the bank is
  /// then unchanged. Amortised O(D).
  void add(expert const& e) {
    expects(!find(e.name()), error_kind::shape, "bank: already has an expert ",
            in_quotes(e.name()));
    expects(e.shared_layout() == layout_ || e.layout() == *layout_, error_kind::shape,
            "bank: the layout of expert ", in_quotes(e.name()),
            " is not the bank's: ", first_difference(e.layout(), *layout_));
    names_.push_back(e.name());
    try {
      z_.insert(z_.end(), e.values().begin(), e.values().end());
    } catch (...) {
      names_.pop_back();
      throw;
    }
  }

  /// Removes the expert of that name; those after it move up by one. Throws `error{shape}` if there
  /// is none. O(KD).
  void remove(std::string_view name) {
    index_t const k = index_of(name);
    auto const first = z_.begin() + k * layout_->size();
    z_.erase(first, first + layout_->size());
    names_.erase(names_.begin() + k);
  }

  /// The number of experts, K.
  index_t size() const { return index_t(names_.size()); }
  bool empty() const { return names_.empty(); }
  std::span<std::string const> names() const { return names_; }
  svf::layout const& layout() const { return *layout_; }
  std::shared_ptr<svf::layout const> const& shared_layout() const { return layout_; }

  /// The row of the expert of that name, if there is one. O(K).
  std::optional<index_t> find(std::string_view name) const {
    auto const it = std::find(names_.begin(), names_.end(), name);
    return it == names_.end() ? std::nullopt : std::optional<index_t>(it - names_.begin());
  }

  /// z of expert k (D), valid until the bank changes. Throws `error{shape}` outside.
  std::span<float const> row(index_t k) const {
    expects(k >= 0 && k < size(), error_kind::shape, "bank: expected an expert below ", size(),
            ", got ", k);
    auto const d = std::size_t(layout_->size());
    return std::span<float const>(z_).subspan(std::size_t(k) * d, d);
  }
  /// All z (K×D), valid until the bank changes.
  matrix_view<float const> rows() const { return {z_.data(), size(), layout_->size()}; }

  /// A copy of expert k, or of the expert of that name. Throws `error{shape}` if there is none.
  expert at(index_t k) const { return {layout_, row(k), names_[std::size_t(k)]}; }
  expert at(std::string_view name) const { return at(index_of(name)); }

 private:
  index_t index_of(std::string_view name) const {
    auto const k = find(name);
    expects(k.has_value(), error_kind::shape, "bank: has no expert ", in_quotes(name));
    return *k;
  }

  std::shared_ptr<svf::layout const> layout_;
  std::vector<std::string> names_;
  std::vector<float> z_;
};

}  // namespace svf
