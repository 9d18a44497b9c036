// SPDX-License-Identifier: Apache-2.0
#include "softmax.hpp"

#include <algorithm>
#include <cmath>

#include <Eigen/Core>

namespace llama {

namespace {

// log Σ exp(logits), stable.
double log_sum_exp(std::span<float const> logits) {
  Eigen::Map<Eigen::ArrayXf const> const values(logits.data(), index_t(logits.size()));
  float const top = values.maxCoeff();
  // Sums of 1024 terms in float, the sums in double.
  double total = 0.0;
  for (index_t first = 0; first < values.size(); first += 1024) {
    auto const part = values.segment(first, std::min<index_t>(1024, values.size() - first));
    total += double((part - top).exp().sum());
  }
  return double(top) + std::log(total);
}

}  // namespace

svf::vector<double> log_sums_of_rows(cpu_policy& exec, const_rows logits) {
  svf::vector<double> result(logits.rows);
  for_each_index(exec, logits.rows, [&](index_t i) {
    result[i] = log_sum_exp({logits.row(i).data, std::size_t(logits.cols)});
  });
  return result;
}

std::vector<float> logits_at(cpu_policy&, const_rows logits, std::span<logit_place const> places) {
  std::vector<float> result;
  result.reserve(places.size());
  for (logit_place const& place : places) {
    result.push_back(logits(place.row, place.id));
  }
  return result;
}

void softmax_gradient(cpu_policy& exec, mutable_rows logits,
                      svf::vector_view<double const> log_sums, std::span<float const> totals,
                      std::span<logit_place const> places,
                      std::span<float const> coefficients) {
  for_each_index(exec, logits.rows, [&](index_t i) {
    Eigen::Map<Eigen::ArrayXf> row(logits.row(i).data, logits.cols);
    row = -totals[std::size_t(i)] * (row - float(log_sums[i])).exp();
  });
  for (std::size_t k = 0; k < places.size(); ++k) {
    logits(places[k].row, places[k].id) += coefficients[k];
  }
}

void set_zero(cpu_policy&, mutable_rows x) {
  for (index_t t = 0; t < x.rows; ++t) {
    std::fill_n(x.row(t).data, x.cols, 0.0f);
  }
}

void scatter_rows(cpu_policy&, const_rows from, std::span<index_t const> rows, mutable_rows to) {
  for (index_t i = 0; i < from.rows; ++i) {
    std::copy_n(from.row(i).data, from.cols, to.row(rows[std::size_t(i)]).data);
  }
}

}  // namespace llama
