// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <ostream>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <svfmath/core/error.hpp>

namespace svf {

/// Counts of (true class, predicted label) pairs, true classes in rows (paper, Fig. 6). The two
/// lists of names may differ: unseen tasks have no label of their own.
class confusion_matrix {
 public:
  confusion_matrix(std::vector<std::string> truths, std::vector<std::string> predictions)
      : truths_(std::move(truths)), predictions_(std::move(predictions)) {
    expects(!truths_.empty() && !predictions_.empty(), error_kind::shape,
            "confusion_matrix: expected at least one row and one column, got ", truths_.size(),
            "x", predictions_.size());
    counts_.resize(truths_.size() * predictions_.size());
  }
  /// A square one over one list of labels.
  explicit confusion_matrix(std::span<std::string const> labels)
      : confusion_matrix({labels.begin(), labels.end()}, {labels.begin(), labels.end()}) {}

  std::size_t rows() const { return truths_.size(); }
  std::size_t cols() const { return predictions_.size(); }
  std::vector<std::string> const& truths() const { return truths_; }
  std::vector<std::string> const& predictions() const { return predictions_; }

  /// Throws `error{shape}` for a row or column that does not exist.
  void add(std::size_t truth, std::size_t prediction, std::uint64_t count = 1) {
    counts_[place(truth, prediction)] += count;
  }
  std::uint64_t count(std::size_t truth, std::size_t prediction) const {
    return counts_[place(truth, prediction)];
  }
  std::uint64_t row_total(std::size_t truth) const {
    std::uint64_t sum = 0;
    for (std::size_t j = 0; j < cols(); ++j) {
      sum += count(truth, j);
    }
    return sum;
  }
  /// The share of a true class that got this label; 0 for a class without examples.
  double rate(std::size_t truth, std::size_t prediction) const {
    std::uint64_t const total = row_total(truth);
    return total == 0 ? 0.0 : double(count(truth, prediction)) / double(total);
  }
  /// The share of all pairs whose two names are equal; 0 without pairs.
  double accuracy() const {
    std::uint64_t right = 0;
    std::uint64_t total = 0;
    for (std::size_t i = 0; i < rows(); ++i) {
      total += row_total(i);
      for (std::size_t j = 0; j < cols(); ++j) {
        right += truths_[i] == predictions_[j] ? count(i, j) : 0;
      }
    }
    return total == 0 ? 0.0 : double(right) / double(total);
  }

 private:
  std::size_t place(std::size_t truth, std::size_t prediction) const {
    expects(truth < rows() && prediction < cols(), error_kind::shape,
            "confusion_matrix: expected a place within ", rows(), "x", cols(), ", got (", truth,
            ", ", prediction, ")");
    return truth * cols() + prediction;
  }

  std::vector<std::string> truths_;
  std::vector<std::string> predictions_;
  std::vector<std::uint64_t> counts_;
};

/// Comma-separated values: a header of predictions, then one row of counts per true class. Names
/// are quoted.
inline void write_csv(std::ostream& out, confusion_matrix const& matrix) {
  auto const quoted = [&](std::string const& name) {
    out << '"';
    for (char const c : name) {
      out << (c == '"' ? "\"" : "") << c;
    }
    out << '"';
  };
  quoted("truth");
  for (std::string const& name : matrix.predictions()) {
    out << ',';
    quoted(name);
  }
  out << '\n';
  for (std::size_t i = 0; i < matrix.rows(); ++i) {
    quoted(matrix.truths()[i]);
    for (std::size_t j = 0; j < matrix.cols(); ++j) {
      out << ',' << matrix.count(i, j);
    }
    out << '\n';
  }
}

}  // namespace svf
