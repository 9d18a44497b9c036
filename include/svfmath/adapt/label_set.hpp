// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <svfmath/core/error.hpp>
#include <svfmath/core/in_quotes.hpp>
#include <svfmath/core/view.hpp>

namespace svf {

/// The number that stands for the base model where an expert's number is asked for: z = 1.
inline constexpr index_t base_expert = -1;

/// The names a prompt may be given in pass 1, and what each leads to: a row of a bank of experts
/// or the base. The base is a choice like any other; no label leaves earlier weights in place.
class label_set {
 public:
  struct label {
    std::string name;
    index_t expert = base_expert;
  };

  /// Throws `error{shape}` for no label, an empty or repeated name, or a negative expert that is
  /// not `base_expert`.
  explicit label_set(std::vector<label> labels) {
    expects(!labels.empty(), error_kind::shape, "label_set: expected at least one label, got 0");
    for (label& l : labels) {
      expects(!l.name.empty(), error_kind::shape, "label_set: expected a name, got an empty one");
      expects(!find(l.name), error_kind::shape, "label_set: the label ", in_quotes(l.name),
              " comes twice");
      expects(l.expert >= base_expert, error_kind::shape, "label_set: expected an expert >= 0 or ",
              "base_expert for ", in_quotes(l.name), ", got ", l.expert);
      names_.push_back(std::move(l.name));
      experts_.push_back(l.expert);
    }
  }

  /// One label per expert in the order of the bank, then `others` for the base (paper, section 3.2:
  /// {code, math, reasoning, others}).
  static label_set for_experts(std::span<std::string const> experts,
                               std::string others = "others") {
    std::vector<label> labels;
    for (std::size_t k = 0; k < experts.size(); ++k) {
      labels.push_back({experts[k], index_t(k)});
    }
    labels.push_back({std::move(others), base_expert});
    return label_set(std::move(labels));
  }

  std::size_t size() const { return names_.size(); }
  std::span<std::string const> names() const { return names_; }
  /// Throws `error{shape}` for a label that does not exist, like `expert`.
  std::string const& name(std::size_t i) const { return names_[place(i)]; }
  /// The row of the bank, or `base_expert`.
  index_t expert(std::size_t i) const { return experts_[place(i)]; }
  std::optional<std::size_t> find(std::string_view name) const {
    for (std::size_t i = 0; i < names_.size(); ++i) {
      if (names_[i] == name) {
        return i;
      }
    }
    return std::nullopt;
  }

  /// Throws `error{shape}` if a label names an expert that a bank of `count` experts lacks.
  void check_against(index_t count) const {
    for (std::size_t i = 0; i < names_.size(); ++i) {
      expects(experts_[i] < count, error_kind::shape, "label_set: the label ", in_quotes(names_[i]),
              " names expert ", experts_[i], " of a bank of ", count);
    }
  }

 private:
  std::size_t place(std::size_t i) const {
    expects(i < size(), error_kind::shape, "label_set: expected a label below ", size(), ", got ",
            i);
    return i;
  }

  std::vector<std::string> names_;
  std::vector<index_t> experts_;
};

}  // namespace svf
