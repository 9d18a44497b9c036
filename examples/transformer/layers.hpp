// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>

#include <svfmath/core/matrix.hpp>
#include <svfmath/cpu/policy.hpp>

#include "config.hpp"

/// The element-wise parts of a Llama layer and their derivatives. Rows are tokens.
namespace llama {

using svf::index_t;
using cpu_policy = svf::cpu::par;
using const_rows = svf::matrix_view<float const>;
using mutable_rows = svf::matrix_view<float>;

/// y_t = w ∘ x_t / sqrt(mean(x_t²) + ε); keeps 1/sqrt(…) of every row in `inverse_rms` (T).
void rms_norm(cpu_policy& exec, const_rows x, svf::vector_view<float const> w, float epsilon,
              mutable_rows y, svf::vector_view<float> inverse_rms);

/// dx_t += dL/dx_t from dy = dL/dy of `rms_norm`. Where `dw` has a size, dw += dL/dw.
void rms_norm_backward(cpu_policy& exec, const_rows x, svf::vector_view<float const> w,
                       svf::vector_view<float const> inverse_rms, const_rows dy, mutable_rows dx,
                       svf::vector_view<float> dw);

/// cos and sin of position·θ^(−2i/head_dim) for i < head_dim/2, all positions of the context.
class rotary_table {
 public:
  rotary_table() = default;
  explicit rotary_table(config const& c);

  /// Rotates the heads in every row of x (T × heads·head_dim) by its position; `direction` −1
  /// rotates back, which is also the derivative.
  void rotate(cpu_policy& exec, mutable_rows x, std::span<std::int32_t const> positions,
              int direction) const;

 private:
  index_t head_dim_ = 0;
  config::rope_style style_{};
  svf::matrix<float> cosine_;  // (context, head_dim/2)
  svf::matrix<float> sine_;
};

/// y = silu(gate) ∘ up, silu(a) = a/(1+e^(−a)).
void swiglu(cpu_policy& exec, const_rows gate, const_rows up, mutable_rows y);

/// gate ← dL/dgate and up ← dL/dup from dy, in place of their values.
void swiglu_backward(cpu_policy& exec, const_rows dy, mutable_rows gate, mutable_rows up);

}  // namespace llama
