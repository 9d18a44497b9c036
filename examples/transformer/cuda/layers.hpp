// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include <svfmath/cuda/policy.hpp>

#include "../rotary_table.hpp"
#include "engine.hpp"

/// The element-wise parts of a Llama layer on a CUDA device, as cpu/layers.hpp describes them.
/// W: the element type of what is multiplied with weights, float or bfloat16. All are in the order
/// of the stream and throw `svf::error{backend}` for what CUDA refuses.
namespace llama {

using device_rows = svf::matrix_view<float const, svf::device_space>;
using mutable_device_rows = svf::matrix_view<float, svf::device_space>;
using device_values = svf::vector_view<float const, svf::device_space>;

template <class W>
void rms_norm(svf::cuda::stream_policy& exec, device_rows x, device_values w, float epsilon,
              svf::matrix_view<W, svf::device_space> y,
              svf::vector_view<float, svf::device_space> inverse_rms);

/// Throws `svf::error{backend}` for a `dw` that has a size: norms are not trained here.
void rms_norm_backward(svf::cuda::stream_policy& exec, device_rows x, device_values w,
                       device_values inverse_rms, device_rows dy, mutable_device_rows dx,
                       svf::vector_view<float, svf::device_space> dw);

template <class W>
void rotate(svf::cuda::stream_policy& exec, rotary_table<svf::device_space> const& table,
            svf::matrix_view<W, svf::device_space> x,
            svf::vector_view<std::int32_t const, svf::device_space> positions,
            int direction);

/// Both of whole matrices: rows without gaps between them.
template <class W>
void swiglu(svf::cuda::stream_policy& exec, svf::matrix_view<W const, svf::device_space> gate,
            svf::matrix_view<W const, svf::device_space> up,
            svf::matrix_view<W, svf::device_space> y);

template <class W>
void swiglu_backward(svf::cuda::stream_policy& exec,
                     svf::matrix_view<W const, svf::device_space> dy,
                     svf::matrix_view<W const, svf::device_space> gate,
                     svf::matrix_view<W const, svf::device_space> up,
                     svf::matrix_view<W, svf::device_space> dgate,
                     svf::matrix_view<W, svf::device_space> dup);

}  // namespace llama
