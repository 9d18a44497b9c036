// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cmath>
#include <vector>

#include <svfmath/core/matrix.hpp>
#include <svfmath/core/transfer.hpp>

#include "config.hpp"

namespace llama {

/// cos and sin of position·θ^(−2i/head_dim) for i < head_dim/2, all positions of the context.
template <class Space>
struct rotary_table {
  config::rope_style style{};
  svf::matrix<float, Space> cosine;  // (context, head_dim/2)
  svf::matrix<float, Space> sine;    // (context, head_dim/2)

  index_t head_dim() const { return 2 * cosine.cols(); }
};

/// The table of a model in the memory of `exec`.
template <class Exec>
rotary_table<typename Exec::space> make_rotary_table(Exec& exec, config const& c) {
  index_t const half = c.head_dim / 2;
  std::vector<double> frequencies;
  for (index_t i = 0; i < half; ++i) {
    frequencies.push_back(std::pow(double(c.rope_theta), -2.0 * double(i) / double(c.head_dim)));
  }
  svf::matrix<float> cosine(c.context, half);
  svf::matrix<float> sine(c.context, half);
  for (index_t position = 0; position < c.context; ++position) {
    for (index_t i = 0; i < half; ++i) {
      double const angle = double(position) * frequencies[std::size_t(i)];
      cosine(position, i) = float(std::cos(angle));
      sine(position, i) = float(std::sin(angle));
    }
  }
  return {c.rope, svf::matrix_on(exec, cosine), svf::matrix_on(exec, sine)};
}

}  // namespace llama
