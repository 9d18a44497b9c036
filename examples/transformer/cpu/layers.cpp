// SPDX-License-Identifier: Apache-2.0
#include "layers.hpp"

#include <algorithm>
#include <cmath>

#include <Eigen/Core>

namespace llama {

namespace {

using array = Eigen::Map<Eigen::ArrayXf>;
using const_array = Eigen::Map<Eigen::ArrayXf const>;

const_array row_of(const_rows x, index_t t) { return {x.row(t).data, x.cols}; }
array row_of(mutable_rows x, index_t t) { return {x.row(t).data, x.cols}; }
const_array all_of(svf::vector_view<float const> x) { return {x.data, x.size}; }

// Calls body(t) for every row, in pieces that are worth a task.
template <class Body>
void for_each_row(cpu_policy& exec, index_t rows, Body&& body) {
  constexpr index_t piece = 16;
  for_each_index(exec, (rows + piece - 1) / piece, [&](index_t p) {
    for (index_t t = p * piece; t < std::min(rows, (p + 1) * piece); ++t) {
      body(t);
    }
  });
}

}  // namespace

void rms_norm(cpu_policy& exec, const_rows x, svf::vector_view<float const> w, float epsilon,
              mutable_rows y, svf::vector_view<float> inverse_rms) {
  for_each_row(exec, x.rows, [&](index_t t) {
    auto const in = row_of(x, t);
    float const scale = 1.0f / std::sqrt(in.square().mean() + epsilon);
    inverse_rms[t] = scale;
    row_of(y, t) = in * scale * all_of(w);
  });
}

void rms_norm_backward(cpu_policy& exec, const_rows x, svf::vector_view<float const> w,
                       svf::vector_view<float const> inverse_rms, const_rows dy, mutable_rows dx,
                       svf::vector_view<float> dw) {
  for_each_row(exec, x.rows, [&](index_t t) {
    auto const in = row_of(x, t);
    float const scale = inverse_rms[t];
    float const inner = (row_of(dy, t) * all_of(w) * in).mean();
    row_of(dx, t) += scale * (row_of(dy, t) * all_of(w)) - in * (inner * scale * scale * scale);
  });
  if (dw.size == 0) {
    return;
  }
  array sum(dw.data, dw.size);
  for (index_t t = 0; t < x.rows; ++t) {
    sum += row_of(dy, t) * row_of(x, t) * inverse_rms[t];
  }
}

void rotate(cpu_policy& exec, rotary_table<svf::host_space> const& table, mutable_rows x,
            svf::vector_view<std::int32_t const> positions, int direction) {
  index_t const half = table.head_dim() / 2;
  // Where the two members of a pair lie inside a head.
  index_t const step = table.style == config::rope_style::interleaved ? 2 : 1;
  index_t const partner = table.style == config::rope_style::interleaved ? 1 : half;
  float const sign = direction < 0 ? -1.0f : 1.0f;
  for_each_row(exec, x.rows, [&](index_t t) {
    float const* const cosine = table.cosine.data() + positions[t] * half;
    float const* const sine = table.sine.data() + positions[t] * half;
    for (float* head = x.row(t).data; head != x.row(t).data + x.cols; head += table.head_dim()) {
      for (index_t i = 0; i < half; ++i) {
        float& a = head[i * step];
        float& b = head[i * step + partner];
        float const rotated = a * cosine[i] - sign * b * sine[i];
        b = sign * a * sine[i] + b * cosine[i];
        a = rotated;
      }
    }
  });
}

void swiglu(cpu_policy& exec, const_rows gate, const_rows up, mutable_rows y) {
  for_each_row(exec, gate.rows, [&](index_t t) {
    auto const a = row_of(gate, t);
    row_of(y, t) = a / (1.0f + (-a).exp()) * row_of(up, t);
  });
}

void swiglu_backward(cpu_policy& exec, const_rows dy, const_rows gate, const_rows up,
                     mutable_rows dgate, mutable_rows dup) {
  for_each_row(exec, gate.rows, [&](index_t t) {
    auto const a = row_of(gate, t);
    auto const u = row_of(up, t);
    Eigen::ArrayXf const sigmoid = 1.0f / (1.0f + (-a).exp());
    Eigen::ArrayXf const silu = a * sigmoid;
    row_of(dgate, t) = row_of(dy, t) * u * (sigmoid * (1.0f + a * (1.0f - sigmoid)));
    row_of(dup, t) = row_of(dy, t) * silu;
  });
}

}  // namespace llama
