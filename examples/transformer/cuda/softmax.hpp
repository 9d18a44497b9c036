// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <vector>

#include <svfmath/cuda/memory.hpp>
#include <svfmath/cuda/policy.hpp>

#include "../logit_place.hpp"
#include "layers.hpp"

/// As cpu/softmax.hpp, on a CUDA device.
namespace llama {

svf::vector<double, svf::device_space> log_sums_of_rows(svf::cuda::stream_policy& exec,
                                                        device_rows logits);

std::vector<float> logits_at(svf::cuda::stream_policy& exec, device_rows logits,
                             std::span<logit_place const> places);

void softmax_gradient(svf::cuda::stream_policy& exec, mutable_device_rows logits,
                      svf::vector_view<double const, svf::device_space> log_sums,
                      std::span<float const> totals, std::span<logit_place const> places,
                      std::span<float const> coefficients);

void set_zero(svf::cuda::stream_policy& exec, mutable_device_rows x);

void scatter_rows(svf::cuda::stream_policy& exec, device_rows from, std::span<index_t const> rows,
                  mutable_device_rows to);

}  // namespace llama
