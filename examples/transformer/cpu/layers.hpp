// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include <svfmath/core/matrix.hpp>

#include "../engine.hpp"
#include "../rotary_table.hpp"

/// The element-wise parts of a Llama layer and their derivatives. Rows are tokens.
namespace llama {

/// y_t = w ∘ x_t / sqrt(mean(x_t²) + ε); keeps 1/sqrt(…) of every row in `inverse_rms` (T).
void rms_norm(cpu_policy& exec, const_rows x, svf::vector_view<float const> w, float epsilon,
              mutable_rows y, svf::vector_view<float> inverse_rms);

/// dx_t += dL/dx_t from dy = dL/dy of `rms_norm`. Where `dw` has a size, dw += dL/dw.
void rms_norm_backward(cpu_policy& exec, const_rows x, svf::vector_view<float const> w,
                       svf::vector_view<float const> inverse_rms, const_rows dy, mutable_rows dx,
                       svf::vector_view<float> dw);

/// Rotates the heads in every row of x (T × heads·head_dim) by its position (T); `direction` −1
/// rotates back, which is also the derivative.
void rotate(cpu_policy& exec, rotary_table<svf::host_space> const& table, mutable_rows x,
            svf::vector_view<std::int32_t const> positions, int direction);

/// y = silu(gate) ∘ up, silu(a) = a/(1+e^(−a)).
void swiglu(cpu_policy& exec, const_rows gate, const_rows up, mutable_rows y);

/// dgate = dL/dgate and dup = dL/dup from dy; they may be the memory of gate and up.
void swiglu_backward(cpu_policy& exec, const_rows dy, const_rows gate, const_rows up,
                     mutable_rows dgate, mutable_rows dup);

}  // namespace llama
