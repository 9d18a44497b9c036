// SPDX-License-Identifier: Apache-2.0
#include "predictions.hpp"

#include <algorithm>
#include <cmath>

#include <Eigen/Core>
#include <svfmath/cpu/blas.hpp>

namespace llama {

namespace {

using array = Eigen::Map<Eigen::ArrayXf>;
using const_array = Eigen::Map<Eigen::ArrayXf const>;

// Rows whose logits are made at a time: enough for an efficient product, few enough for memory.
constexpr std::size_t piece_rows = 128;

}  // namespace

double log_sum_exp(std::span<float const> logits) {
  const_array const values(logits.data(), index_t(logits.size()));
  float const top = values.maxCoeff();
  // Sums of 1024 terms in float, the sums in double.
  double total = 0.0;
  for (index_t first = 0; first < values.size(); first += 1024) {
    auto const part = values.segment(first, std::min<index_t>(1024, values.size() - first));
    total += double((part - top).exp().sum());
  }
  return double(top) + std::log(total);
}

void predictions::add(index_t row, token id, std::size_t slot) {
  if (rows_.empty() || rows_.back().row != row) {
    rows_.push_back({row, {}});
  }
  rows_.back().targets.push_back({id, slot});
  ++count_;
}

void predictions::log_probabilities(cpu_policy& exec, model const& m, const_rows hidden,
                                    std::span<double> sums) const {
  index_t const width = hidden.cols;
  index_t const vocabulary = m.cfg().vocabulary;
  svf::matrix<float> gathered(index_t(std::min(piece_rows, rows_.size())), width);
  svf::matrix<float> logits(gathered.rows(), vocabulary);
  for (std::size_t first = 0; first < rows_.size(); first += piece_rows) {
    std::size_t const count = std::min(piece_rows, rows_.size() - first);
    for (std::size_t i = 0; i < count; ++i) {
      std::copy_n(hidden.row(rows_[first + i].row).data, width,
                  gathered.data() + index_t(i) * width);
    }
    m.project(exec, gathered.view().rows_range(0, index_t(count)),
              logits.view().rows_range(0, index_t(count)));
    std::vector<double> normaliser(count);
    for_each_index(exec, index_t(count), [&](index_t i) {
      normaliser[std::size_t(i)] =
          log_sum_exp({logits.data() + i * vocabulary, std::size_t(vocabulary)});
    });
    for (std::size_t i = 0; i < count; ++i) {
      for (target const& t : rows_[first + i].targets) {
        sums[t.slot] += double(logits(index_t(i), t.id)) - normaliser[i];
      }
    }
  }
}

void predictions::backward(cpu_policy& exec, model const& m, const_rows hidden,
                           std::span<float const> dsums, mutable_rows dhidden,
                           mutable_rows doutput) const {
  index_t const width = hidden.cols;
  index_t const vocabulary = m.cfg().vocabulary;
  for (index_t t = 0; t < dhidden.rows; ++t) {
    std::fill_n(dhidden.row(t).data, width, 0.0f);
  }
  index_t const most = index_t(std::min(piece_rows, rows_.size()));
  svf::matrix<float> gathered(most, width);
  svf::matrix<float> gradient(most, width);
  svf::matrix<float> logits(most, vocabulary);
  for (std::size_t first = 0; first < rows_.size(); first += piece_rows) {
    std::size_t const count = std::min(piece_rows, rows_.size() - first);
    auto const rows = gathered.view().rows_range(0, index_t(count));
    auto const scores = logits.view().rows_range(0, index_t(count));
    for (std::size_t i = 0; i < count; ++i) {
      std::copy_n(hidden.row(rows_[first + i].row).data, width,
                  gathered.data() + index_t(i) * width);
    }
    m.project(exec, rows, scores);
    // d/dlogits of Σ w·log p(target): Σ w·(onehot − softmax)
    for_each_index(exec, index_t(count), [&](index_t i) {
      predicting_row const& p = rows_[first + std::size_t(i)];
      float total = 0.0f;
      for (target const& t : p.targets) {
        total += dsums[t.slot];
      }
      array row(logits.data() + i * vocabulary, vocabulary);
      float const normaliser =
          float(log_sum_exp({logits.data() + i * vocabulary, std::size_t(vocabulary)}));
      row = -total * (row - normaliser).exp();
      for (target const& t : p.targets) {
        row[t.id] += dsums[t.slot];
      }
    });
    gemm(exec, 1.0f, scores, m.parameters().output_matrix().view(), 0.0f,
         gradient.view().rows_range(0, index_t(count)));
    if (doutput.rows > 0) {
      gemm(exec, 1.0f, transposed(as_const(scores)), rows, 1.0f, doutput);
    }
    for (std::size_t i = 0; i < count; ++i) {
      array target_row(dhidden.row(rows_[first + i].row).data, width);
      target_row += const_array(gradient.data() + index_t(i) * width, width);
    }
  }
}

}  // namespace llama
